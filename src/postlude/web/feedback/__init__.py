"""Pages: feedback that needs a person."""
