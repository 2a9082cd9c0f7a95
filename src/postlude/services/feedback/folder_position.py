"""Up to which mail a folder was read, stored in the state."""

from datetime import date
from typing import Final, NamedTuple

from postlude.kit.clock import Clock, to_iso
from postlude.store import Store


class FolderMark(NamedTuple):
    """Position up to which a folder was read."""

    validity: int
    """UIDVALIDITY, by which the UID counts."""
    uid: int
    """The highest one dealt with."""
    day: date
    """Time of that position."""


class FolderPosition:
    """The mark of one folder of one account. May raise StorageError."""

    def __init__(self, store: Store, user: str, host: str, folder: str, clock: Clock) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._key: Final = f"imap {user}@{host} {folder}"

    def get(self) -> FolderMark | None:
        """None when the folder was never read."""
        place = self._store.settings.get(self._key)
        return FolderMark(int(place[0]), int(place[1]), date.fromisoformat(place[2])) if place else None

    def put(self, validity: int, uid: int) -> None:
        """Durable when it returns; the day is today."""
        self._store.settings.put(self._key, [validity, uid, to_iso(self._clock.now())[:10]])
