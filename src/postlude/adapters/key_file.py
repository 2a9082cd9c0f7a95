"""The file of signing keys, `keys.json`: written once, read at every start.

Every link ever sent depends on it, so it is only ever added to. A new key is known before it signs: every process that
verifies has to have read it first.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from postlude.kit.files import create_durably, replace_durably
from postlude.kit.regular_file import read_file
from postlude.model.errors import InputError, SettingError
from postlude.tokens import KeyRing
from postlude.tokens.keys import MAX_KEY_ID, SECRET_BYTES


def make_key_file(path: Path, *, mode: int) -> None:
    """Write a file with one new key. Where another process was first, what it wrote stays."""
    secret = secrets.token_bytes(SECRET_BYTES)
    made = {"current": 1, "keys": {"1": b64encode(secret).decode("ascii")}, "checksums": {"1": _checksum(secret)}}
    with suppress(FileExistsError):
        create_durably(path, json.dumps(made).encode("ascii"), mode=mode)


def read_key_file(path: Path) -> KeyRing:
    """The keys; SettingError with the remedy when the file is damaged."""
    try:
        data = json.loads(read_file(path))
        ring = {int(key): b64decode(secret, validate=True) for key, secret in data["keys"].items()}
        _check(ring, data.get("checksums", {}))
        return KeyRing(ring, int(data["current"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            f"{path} is not a key file ({error}). Restore it from a backup: without it no link in sent "
            "mail works, so it is not replaced by a new one"
        ) from error


def next_key(path: Path) -> int:
    """The key that was added and does not sign yet; 0: there is none. SettingError as `read_key_file`."""
    read_key_file(path)
    return int(json.loads(read_file(path)).get("next", 0))


def add_key(path: Path, *, mode: int) -> int:
    """Add a key that verifies, and does not sign before `sign_with_next_key`; its id. One that waits stays the one.

    SettingError, InputError when there are as many as ids.
    """
    waiting = next_key(path)
    if waiting:
        return waiting
    data = json.loads(read_file(path))
    fresh = max(map(int, data["keys"])) + 1
    if fresh > MAX_KEY_ID:
        raise InputError(f"{path} has keys up to {MAX_KEY_ID}: there are no further ids, so it cannot be rotated again")
    secret = secrets.token_bytes(SECRET_BYTES)
    data["keys"][str(fresh)] = b64encode(secret).decode("ascii")
    data.setdefault("checksums", {})[str(fresh)] = _checksum(secret)
    data["next"] = fresh
    _replace(path, data, mode)
    return fresh


def sign_with_next_key(path: Path, *, mode: int) -> int:
    """Let the key that waits sign from the next start on; its id. InputError when none waits."""
    waiting = next_key(path)
    if not waiting:
        raise InputError("no key waits to sign: `postlude keys rotate` adds one")
    data = json.loads(read_file(path))
    data["current"] = waiting
    del data["next"]
    _replace(path, data, mode)
    return waiting


def _replace(path: Path, data: Mapping[str, object], mode: int) -> None:
    replace_durably(path, json.dumps(data).encode("ascii"), mode=mode)
    read_key_file(path)


def _check(ring: Mapping[int, bytes], checksums: Mapping[str, str]) -> None:
    """ValueError when a key is not what it was; older files have no checksums."""
    for key, checksum in checksums.items():
        if _checksum(ring[int(key)]) != checksum:
            raise ValueError(f"key {key} is damaged")


def _checksum(secret: bytes) -> str:
    """Says whether a key is whole, and nothing about it."""
    return blake2b(secret, digest_size=8, person=b"whole").hexdigest()
