"""Tables and queries about the stores themselves: whether they agree, and what was found damaged."""
