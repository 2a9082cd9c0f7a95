"""Writes of the digest: one transaction per batch, and the projections."""
