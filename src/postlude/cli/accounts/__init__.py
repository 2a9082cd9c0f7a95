"""Commands: users and sign-in."""
