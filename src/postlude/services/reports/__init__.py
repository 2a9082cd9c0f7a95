"""Results of messages, as data and as sentences."""
