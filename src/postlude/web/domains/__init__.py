"""Pages: sending domains."""
