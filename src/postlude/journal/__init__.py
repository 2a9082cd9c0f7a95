"""Observations on disk before they are answered: CRC-framed append-only segments."""
