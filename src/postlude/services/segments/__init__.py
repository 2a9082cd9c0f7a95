"""Segments: names become ids, saved ones are kept, times settled."""
