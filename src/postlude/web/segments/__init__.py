"""Pages: segments."""
