"""Integrity of the stored data, and the pause of all sending."""
