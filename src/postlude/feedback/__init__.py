"""Bounces, complaints, unsubscribes and replies read from raw mail: bytes in, findings out."""
