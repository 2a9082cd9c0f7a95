"""Clock, ids and bounded caches: knows nothing about email."""
