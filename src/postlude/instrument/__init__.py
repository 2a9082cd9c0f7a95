"""A message in, a tracked message out; every other byte stays as it was written."""
