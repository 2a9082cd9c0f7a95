"""Commands: feedback."""
