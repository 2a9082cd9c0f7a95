"""Contacts: kept, imported, subscribed to lists and suppressed."""
