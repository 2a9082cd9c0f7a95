"""Real servers for tests: Postfix, Dovecot, Chromium and Postlude itself, each on loopback with its own folder."""
