"""Mail as bytes: the header block and what is read from it. Pure."""
