"""Commands: contacts, lists, imports, suppressions, privacy."""
