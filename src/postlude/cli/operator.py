"""Who runs a command."""

import os
import pwd


def who() -> str:
    """The account's name, for the record of manual actions."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
