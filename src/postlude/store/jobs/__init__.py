"""Tables and queries of long work."""
