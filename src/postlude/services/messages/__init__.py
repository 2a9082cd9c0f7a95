"""Single messages: accepted, compiled, sent to each recipient, tried again."""
