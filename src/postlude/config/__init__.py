"""Settings: one strict table, read from the environment and a TOML file."""
