"""Loops beside a process's main work."""
