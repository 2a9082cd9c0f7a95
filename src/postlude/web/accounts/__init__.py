"""Pages: sign-in and preferences."""
