"""How far each journal is read, what was found wrong with what is stored, and whether mail may leave."""
