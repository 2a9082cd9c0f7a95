"""Saved segments."""
