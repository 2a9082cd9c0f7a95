"""Positions in each journal, incidents, and the pause of sending."""
