"""Tables and queries of feedback that matched no copy, and of records set aside."""
