"""The file of signing keys, `keys.json`: written once, read at every start.

Every link ever sent depends on it, so it is only ever added to.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from postlude.kit.files import create_durably
from postlude.model.errors import SettingError
from postlude.tokens import KeyRing
from postlude.tokens.keys import SECRET_BYTES


def make_key_file(path: Path, *, mode: int) -> None:
    """Write a file with one new key. Where another process was first, what it wrote stays."""
    secret = secrets.token_bytes(SECRET_BYTES)
    made = {"current": 1, "keys": {"1": b64encode(secret).decode("ascii")}, "checksums": {"1": _checksum(secret)}}
    with suppress(FileExistsError):
        create_durably(path, json.dumps(made).encode("ascii"), mode=mode)


def read_key_file(path: Path) -> KeyRing:
    """The keys; SettingError with the remedy when the file is damaged."""
    try:
        data = json.loads(path.read_text(encoding="ascii"))
        ring = {int(key): b64decode(secret, validate=True) for key, secret in data["keys"].items()}
        _check(ring, data.get("checksums", {}))
        return KeyRing(ring, int(data["current"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            f"{path} is not a key file ({error}). Restore it from a backup: without it no link in sent "
            "mail works, so it is not replaced by a new one"
        ) from error


def _check(ring: Mapping[int, bytes], checksums: Mapping[str, str]) -> None:
    """ValueError when a key is not what it was; older files have no checksums."""
    for key, checksum in checksums.items():
        if _checksum(ring[int(key)]) != checksum:
            raise ValueError(f"key {key} is damaged")


def _checksum(secret: bytes) -> str:
    """Says whether a key is whole, and nothing about it."""
    return blake2b(secret, digest_size=8, person=b"whole").hexdigest()
