"""DNS records of sending domains."""
