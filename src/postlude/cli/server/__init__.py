"""Commands: run, check and set up the server."""
