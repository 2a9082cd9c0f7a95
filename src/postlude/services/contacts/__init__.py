"""Contacts: stored, imported, subscribed to lists and suppressed."""
