"""Functions for commands on a stopped or running instance."""
