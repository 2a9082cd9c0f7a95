"""Whether what is stored is whole, and whether mail may leave."""
