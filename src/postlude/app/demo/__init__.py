"""`postlude demo`: a living example in an empty instance, and taking all of it away again."""
