"""Constructors: settings and stores become services."""
