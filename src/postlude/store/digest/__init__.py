"""What the digest writes: one transaction a batch, and the projections."""
