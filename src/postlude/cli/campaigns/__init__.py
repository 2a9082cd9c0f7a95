"""Commands: campaigns."""
