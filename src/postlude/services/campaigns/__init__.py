"""Campaigns: drafted, checked, scheduled, sent, paused and reported."""
