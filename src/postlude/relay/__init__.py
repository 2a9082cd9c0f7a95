"""The SMTP submission face: any mail client sends through it."""
