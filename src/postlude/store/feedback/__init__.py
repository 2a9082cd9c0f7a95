"""Tables and queries of feedback that matched no copy, and of quarantined records."""
