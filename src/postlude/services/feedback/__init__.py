"""Returned mail: the review queue, pending calls, and how long mail is kept."""
