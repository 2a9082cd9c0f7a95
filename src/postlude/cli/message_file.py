"""Reading the message file a command was given."""

import sys
from pathlib import Path

from postlude.instrument import is_message
from postlude.model.errors import InputError


def read_bytes(file: Path) -> bytes:
    """Return the bytes of a file, of standard input for `-`; InputError when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None


def read_file(file: Path) -> bytes:
    """Return the file's bytes; InputError when it cannot be read or is not a message."""
    raw = read_bytes(file)
    if not is_message(raw):
        raise no_message(file)
    return raw


def no_message(file: Path) -> InputError:
    """Message for a file without headers."""
    name = "standard input" if str(file) == "-" else str(file)
    return InputError(f"{name} is not a message: it needs header lines such as 'From: a@b.c', then a blank line")
