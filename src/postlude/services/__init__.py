"""One module per verb; a service owns its transaction."""
