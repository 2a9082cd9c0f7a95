"""Opaque ids that cannot be counted or guessed one from another."""

import re
import secrets

ID_BITS = 63  # fits a signed 64-bit column in SQLite, PostgreSQL and DuckDB
_ID_TEXT = re.compile(r"[0-9a-fA-F]{16}")


def new_id() -> int:
    """Return a random positive 63-bit id; 10^6 of them collide with a chance of 5 in 10^8."""
    while not (value := secrets.randbits(ID_BITS)):
        pass
    return value


def id_text(value: int) -> str:
    """The id as people and URLs of the web app see it: 16 hexadecimal digits."""
    return f"{value:016x}"


def parse_id(text: str) -> int | None:
    """Read `id_text` back; None when it is not one."""
    if not _ID_TEXT.fullmatch(text):
        return None
    value = int(text, 16)
    return value if 0 < value < 1 << ID_BITS else None
