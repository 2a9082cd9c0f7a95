"""The processes: what each opens, starts and stops."""
