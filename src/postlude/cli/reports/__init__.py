"""Commands: reports over everything, and data to take along."""
