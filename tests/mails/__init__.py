"""Mail to instrument: collected, written for a trap, and made up by hypothesis; and how to undo instrumenting."""
