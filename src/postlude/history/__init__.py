"""Events, append-only and columnar. The only SQL for events."""
