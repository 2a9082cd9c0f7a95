"""Tables and queries of contacts, lists, tags, consent and suppressions."""
