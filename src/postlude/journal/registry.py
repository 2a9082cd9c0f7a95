"""Writers under one root: `numbers.json`, and a file in every writer's folder with the same for this writer.

If one of them is lost or damaged, it is recreated from the other, or from the heads of the segments.
"""

import json
import logging
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from postlude.journal.folder import recover, segment_numbers, segment_path
from postlude.journal.position import MAX_WRITER
from postlude.journal.scan import read_segment_head
from postlude.kit.clock import SystemClock
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import locked, make_folder, replace_durably, sync_folder
from postlude.kit.regular_file import NO_FILE, read_file
from postlude.model.errors import StorageError

_NUMBERS: Final = "numbers.json"
_IDENTITY: Final = "identity.json"
_LOCK: Final = "lock"
_MODE: Final = 0o640
_IDENTITY_BYTES: Final = 16

_log = logging.getLogger(__name__)


class Writer(NamedTuple):
    """One writer's folder."""

    number: int
    identity: bytes
    """Empty until a version that knows identities has opened it."""


def register(root: Path, name: str) -> Writer:
    """The writer called `name`, made at first and the same ever after. Raises StorageError."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root / _LOCK, mode=_MODE):
            before = _listed(root)
            writers = _mended(root, before or {})
            writers[name] = _complete(root, name, writers)
            if writers != before:
                replace_durably(root / _NUMBERS, _as_json(writers), mode=_MODE)
            folder = root / name
            if _identity_of(folder) != writers[name]:
                make_folder(folder)
                sync_folder(root)
                replace_durably(folder / _IDENTITY, json.dumps(_entry(writers[name])).encode(), mode=_MODE)
            return writers[name]
    except OSError as error:
        raise StorageError(file_trouble(error)) from error


def writer_names(root: Path) -> list[str]:
    """The names of all writers that ever wrote here. Raises StorageError."""
    return sorted(writers_in(root))


def writers_in(root: Path) -> dict[str, Writer]:
    """Every writer by name; made again from the folders when the list is lost or damaged. Raises StorageError."""
    try:
        return _found(root)
    except OSError as error:
        raise StorageError(file_trouble(error)) from error


def _found(root: Path) -> dict[str, Writer]:
    try:
        listed = _read(root)
    except FileNotFoundError:
        if not root.is_dir():
            return {}
        listed = None
    return _mended(root, {}) if listed is None else listed


class WriterList:
    """`writers_in`, for who asks all the time: the list is read again when it was replaced.

    It is only ever replaced as a whole, by another file: that one has another inode or time of change.
    """

    def __init__(self, root: Path) -> None:
        self._root: Final = root
        self._known: dict[str, Writer] = {}
        self._seen: tuple[int, ...] = ()

    def get(self) -> dict[str, Writer]:
        """Every writer by name. Raises StorageError."""
        now = self._look()
        if not now or now != self._seen:
            # What was looked at before it is read can only be older than what is read: then it is read once more.
            self._known, self._seen = writers_in(self._root), now
        return self._known

    def _look(self) -> tuple[int, ...]:
        """What tells one list from the next; empty where there is none, which is made up from the folders."""
        try:
            there = (self._root / _NUMBERS).stat()
        except OSError:
            return ()
        return there.st_ino, there.st_mtime_ns, there.st_ctime_ns, there.st_size


def recover_journal(folder: Path) -> None:
    """Find the durable end of a writer's folder whose lock the caller holds."""
    writer = writers_in(folder.parent).get(folder.name)
    recover(folder, writer.identity if writer else b"")


def _read(root: Path) -> dict[str, Writer] | None:
    """The list as it is; None when it cannot be understood."""
    try:
        return {name: _parsed(entry) for name, entry in json.loads(read_file(root / _NUMBERS)).items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        return None


def _parsed(entry: object) -> Writer:
    if isinstance(entry, dict):
        return Writer(int(entry["number"]), bytes.fromhex(entry["identity"]))
    if isinstance(entry, int):  # until identities came
        return Writer(entry, b"")
    raise TypeError(f"{entry!r} is not a valid writer")


def _entry(writer: Writer) -> dict[str, object]:
    return {"number": writer.number, "identity": writer.identity.hex()}


def _as_json(writers: dict[str, Writer]) -> bytes:
    return json.dumps({name: _entry(writer) for name, writer in writers.items()}, indent=1).encode()


def _listed(root: Path) -> dict[str, Writer] | None:
    """The list, None when there is none; a damaged one is quarantined."""
    path = root / _NUMBERS
    if not path.exists():
        return None
    found = _read(root)
    if found is None:
        quarantined = path.with_name(f"{_NUMBERS}.damaged-{SystemClock().now()}")
        path.rename(quarantined)
        _log.error("journal: %s is damaged, quarantined as %s and made again from the folders", path, quarantined.name)
    return found


def _mended(root: Path, writers: dict[str, Writer]) -> dict[str, Writer]:
    """`writers`, and those whose folders are there without being listed."""
    found = dict(writers)
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name not in found):
        told = _identity_of(folder) or _from_heads(folder)
        if told is None and not segment_numbers(folder):
            continue  # just being made
        number = told.number if told else 0
        if not number or number in {writer.number for writer in found.values()}:
            number = _free(found, root)
        found[folder.name] = Writer(number, told.identity if told else b"")
    return found


def _complete(root: Path, name: str, writers: dict[str, Writer]) -> Writer:
    writer = writers.get(name) or Writer(_free(writers, root), b"")
    folder = root / name
    told = _identity_of(folder) or _from_heads(folder)
    identity = told.identity if told else b""
    if not identity and folder.is_dir() and segment_numbers(folder):
        identity = writer.identity  # useless for a folder that was deleted or emptied: the next journal is another one
    return Writer(writer.number, identity or secrets.token_bytes(_IDENTITY_BYTES))


def _free(writers: dict[str, Writer], root: Path) -> int:
    number = max((writer.number for writer in writers.values()), default=0) + 1
    if number > MAX_WRITER:
        raise StorageError(f"{root}: all {MAX_WRITER} writer numbers are taken")
    return number


def _identity_of(folder: Path) -> Writer | None:
    try:
        return _parsed(json.loads(read_file(folder / _IDENTITY)))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _from_heads(folder: Path) -> Writer | None:
    """The newest readable segment head."""
    for segment in reversed(segment_numbers(folder) if folder.is_dir() else []):
        if head := read_segment_head(segment_path(folder, segment)):
            return Writer(head.number, head.identity)
    return None
