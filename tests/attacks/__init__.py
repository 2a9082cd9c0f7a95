"""Attempts of strangers, logins and signed-in users on a running instance.

`make attack` runs them all in full and prints a table; `tests/e2e/test_attack.py` runs each once in a short form.
"""
