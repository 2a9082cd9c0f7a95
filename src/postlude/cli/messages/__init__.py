"""Commands: single messages."""
