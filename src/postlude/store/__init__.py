"""State: messages, copies, users, settings and projections. The only SQL for state."""
