"""Recipients of the sandbox, played on the real paths."""
