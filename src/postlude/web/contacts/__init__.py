"""Pages: contacts, lists, imports, suppressions."""
