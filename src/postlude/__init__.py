"""Postlude tells senders what became of the email they sent."""

__version__ = "0.1.0"
