"""The key ring: secrets with ids, so that a key is rotated without breaking one old link."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from postlude.model.errors import InputError

SECRET_BYTES: Final = 32
MAX_KEY_ID: Final = 255
_PURPOSES: Final = ("copy", "read", "act", "link", "mail", "hook", "confirm", "browser")


class KeyRing:
    """Secrets by id (1-255). New tokens are signed with `current`; tokens of every key in the ring verify.

    Each purpose has its own derived key, so that a MAC made for one can never be taken for another.
    """

    def __init__(self, secrets: Mapping[int, bytes], current: int) -> None:
        if current not in secrets:
            raise InputError(f"key ring: the current key {current} is not among {sorted(secrets)}")
        for key_id, secret in secrets.items():
            if not 1 <= key_id <= MAX_KEY_ID or len(secret) != SECRET_BYTES:
                raise InputError(
                    f"key ring: key {key_id} must have an id from 1 to {MAX_KEY_ID} and {SECRET_BYTES} bytes"
                )
        self.current: Final = current
        self._derived: Final = {
            (key_id, purpose): blake2b(secret, digest_size=32, person=b"postlude" + purpose.encode()).digest()
            for key_id, secret in secrets.items()
            for purpose in _PURPOSES
        }

    def key(self, key_id: int, purpose: str) -> bytes | None:
        """The 32-byte derived key, None when the id is not in the ring."""
        return self._derived.get((key_id, purpose))

    def ids(self) -> tuple[int, ...]:
        """All key ids, ascending."""
        return tuple(sorted({key_id for key_id, _ in self._derived}))
