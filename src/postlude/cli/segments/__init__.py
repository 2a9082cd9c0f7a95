"""Commands for segments."""
