"""What became of messages, as data and in sentences."""
