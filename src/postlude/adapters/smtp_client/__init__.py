"""SMTP to the next server: connections, answers, limits, several servers."""
