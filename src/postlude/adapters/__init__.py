"""The outside world: SMTP out, the sandbox outbox, IMAP."""
