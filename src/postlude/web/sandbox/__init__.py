"""Pages: the sandbox mailbox."""
