"""The public face: pixel, link, unsubscribe, preferences."""
