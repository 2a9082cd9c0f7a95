"""The data folder: its paths, its lock, and the keys."""

import errno
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from postlude.adapters.key_file import add_key, make_key_file, next_key, read_key_file, sign_with_next_key
from postlude.journal import SPOOL_MARK, WRITER_FILES, Spool, prepare_spool
from postlude.journal.disk import Disk
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import create_durably, lock_file, make_folder, quarantine_file, replace_durably
from postlude.kit.regular_file import no_file, no_folder, read_file
from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.tokens import KeyRing
from postlude.tokens.keys import SECRET_BYTES

_PRIVATE_FOLDER: Final = 0o700
_PRIVATE_FILE: Final = 0o600
_MORE_FILES: Final = (
    *("id", "forgotten.key", "address.key", "address.key.lock", "revoked.bin.lock"),
    *("state.sqlite", "state.sqlite-wal", "history.duckdb.wal"),
)
_ID_BYTES: Final = 8
_ID: Final = re.compile(rb"[0-9a-f]{%d}" % (2 * _ID_BYTES))

_log = logging.getLogger(__name__)


class DataFolder:
    """Paths inside one data folder. Making it never touches the disk; `prepare` does."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root
        self.journal: Final = root / "journal"
        self.spool_out: Final = root / "spool" / "out"
        self.spool_in: Final = root / "spool" / "in"
        self.mailbox: Final = root / "mailbox"
        self.uploads: Final = root / "uploads"
        self.history: Final = root / "history.duckdb"
        self.revoked: Final = root / "revoked.bin"
        self.views: Final = root / "views"
        self.lists: Final = root / "lists.json"
        self.logins: Final = root / "logins.json"
        self.quotas: Final = root / "quotas"
        self.networks: Final = root / "networks"
        self.files: Final = root / "files"
        self.keys: Final = root / "keys.json"
        self.dkim: Final = root / "dkim"
        self.control: Final = root / "control.sock"
        self._session_key: Final = root / "session.key"
        self._earlier_session_key: Final = root / "session-earlier.key"
        self._lock: Final = root / "lock"
        self._supervisor_lock: Final = root / "supervisor.lock"

    def prepare(self, needed: Iterable[Path] | None = None, *, must_write: bool = True) -> None:
        """Make the folders, private to this account. StorageError when the disk does not let us make one of `needed`.

        Those of the journal are needed by everything, and all of them without `needed`. What stands in the place of
        another one is told by `problems`. Without `must_write` a folder that was used before will do as it is, on a
        disk that is full or read-only.
        """
        try:
            self.root.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            probe = self.root / f".probe-{os.getpid()}"
            probe.write_bytes(b"postlude")
            probe.unlink()
            self._close_to_others()  # later: it would make a folder writable that was made read-only on purpose
            refused = self._make_folders()
            for folder in self._folders if needed is None else (self.journal, *needed):
                if folder in refused:
                    raise refused[folder]
        except OSError as error:
            if not must_write and self.keys.exists():
                return
            raise StorageError(
                f"the data folder {self.root} cannot be written: {file_trouble(error, self.root)}. "
                "Or set POSTLUDE_DATA to another folder"
            ) from error

    @property
    def _folders(self) -> tuple[Path, ...]:
        return (self.journal, self.spool_out, self.spool_in, self.mailbox, self.views, self.uploads)

    def _make_folders(self) -> dict[Path, OSError]:
        """Every folder; those that cannot be made, and why."""
        proofs = dict(self.spools)
        refused = {}
        for folder in self._folders:
            try:
                make_folder(folder, _PRIVATE_FOLDER)
                if folder in proofs:
                    prepare_spool(folder, proofs[folder])
            except OSError as error:
                refused[folder] = error
        return refused

    def problems(self) -> list[str]:
        """What stands where a file or folder of this one must be and is none, or cannot be read, and what to do."""
        found = [(path, no_folder(path)) for path in (*self._folders, self.networks, self.files)]
        found += [(path, no_file(path)) for path in (*self._files(), *self._files_of_journals())]
        return [file_trouble(error, path) for path, error in found if error is not None]

    def _files(self) -> Iterator[Path]:
        yield from (self.keys, self.history, self.revoked, self.lists, self.logins, self._lock, self._supervisor_lock)
        yield from (proof for _, proof in self.spools)
        yield from (root / SPOOL_MARK for root, _ in self.spools)
        yield from (self.root / name for name in _MORE_FILES)

    def _files_of_journals(self) -> Iterator[Path]:
        """Beside the segments, of which their reader tells."""
        with suppress(OSError):
            for entry in self.journal.iterdir():
                yield from (entry / name for name in WRITER_FILES) if entry.is_dir() else [entry]

    def _close_to_others(self) -> None:
        """A folder created by hand or by systemd may be readable by all accounts of this machine."""
        there = self.root.stat()
        if there.st_uid == os.geteuid() and there.st_mode & 0o077:
            self.root.chmod(_PRIVATE_FOLDER)

    @property
    def spools(self) -> tuple[tuple[Path, Path], ...]:
        """Every spool, and the file outside of it that tells whether it is there."""
        return tuple((spool, self.root / f"spool-{spool.name}.id") for spool in (self.spool_out, self.spool_in))

    def outgoing_mail(self, disk: Disk | None = None) -> Spool:
        """Accepted mail as it came."""
        return Spool(self.spools[0][0], disk, proof=self.spools[0][1])

    def returned_mail(self, disk: Disk | None = None) -> Spool:
        """Mail that came back."""
        return Spool(self.spools[1][0], disk, proof=self.spools[1][1])

    def lock(self, patience_s: float = 0.0) -> "FolderLock":
        """Take the stores for this process until the lock is closed or the process ends: one app a folder.

        Raises InUseError, naming the other process, when one has it for longer than `patience_s`.
        """
        return self._taken(self._lock, patience_s)

    def lock_for_supervisor(self) -> "FolderLock":
        """As `lock`, for what starts the other processes: one `postlude up` a folder."""
        return self._taken(self._supervisor_lock)

    def running(self) -> int:
        """The process that started the others here, or the app alone; 0 when neither runs."""
        return self._holder(self._supervisor_lock) or self.app_running()

    def app_running(self) -> int:
        """The process that has the stores: the app from its start on, or a command; 0 when none has."""
        return self._holder(self._lock)

    def _holder(self, path: Path) -> int:
        try:
            self._taken(path).close()
        except InUseError:
            return int(_written(path) or 0)
        except OSError:
            pass
        return 0

    def _taken(self, path: Path, patience_s: float = 0.0) -> "FolderLock":
        try:
            descriptor = lock_file(path, mode=_PRIVATE_FILE, patience_s=patience_s)
        except BlockingIOError:
            raise InUseError(
                f"the data folder {self.root} is in use by another postlude (process {_written(path) or 'unknown'}). "
                "Stop that one, or set POSTLUDE_DATA to another folder"
            ) from None
        with suppress(OSError):  # a disk that is full or read-only keeps an old number, and is locked all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return FolderLock(descriptor)

    def key_ring(self) -> KeyRing:
        """Read the signing keys, making the first one when there is none yet; SettingError with the remedy."""
        if not self.keys.exists():
            if self.was_used():
                raise SettingError(
                    f"{self.keys} is missing from a data folder that is in use. Restore it from a backup: without it "
                    "no link in sent mail works, so no new key ring is created"
                )
            make_key_file(self.keys, mode=_PRIVATE_FILE)
        return read_key_file(self.keys)

    def prepare_key(self) -> int:
        """Add a signing key that verifies and does not sign yet; its id. InputError, SettingError."""
        self.key_ring()
        return add_key(self.keys, mode=_PRIVATE_FILE)

    def waiting_key(self) -> int:
        """The signing key that does not sign yet; 0: none waits."""
        return next_key(self.keys)

    def rotate_key(self) -> int:
        """Let the key that waits sign from the next start on; its id. InputError when none waits."""
        return sign_with_next_key(self.keys, mode=_PRIVATE_FILE)

    def was_used(self) -> bool:
        """Whether anything was ever stored here but the state: mail, hits or events."""
        return self.history.exists() or any(
            next(folder.glob(pattern), None) is not None
            for folder, pattern in ((self.journal, "*/*.journal"), (self.spool_out, "*/*.eml"))
        )

    def session_secret(self) -> bytes:
        """Key for session cookies; created at the first start. Deleting the file signs all users out.

        One that cannot be read stops nothing: another one holds until the end of this process.
        """

        def whole(content: bytes) -> bool:
            return len(content) == SECRET_BYTES  # with an empty one any stranger could sign cookies

        fresh = secrets.token_bytes(SECRET_BYTES)
        try:
            return self._record(self._session_key, whole, fresh, "all users are signed out")
        except OSError as error:
            _log.error("%s. All users are signed out, and again at the next start", file_trouble(error))
            return fresh

    def earlier_session_secret(self, made_since_s: float) -> bytes:
        """The key for session cookies before the last rotation, if that was since then; empty: there is none."""
        try:
            over = self._earlier_session_key.stat().st_mtime < made_since_s
            key = b"" if over else read_file(self._earlier_session_key)
        except OSError:
            return b""
        return key if len(key) == SECRET_BYTES else b""

    def rotate_session_key(self, *, end_sessions: bool) -> None:
        """Make another key for session cookies, from the next start on; sessions go on with the old one, or end."""
        before = self.session_secret()
        if end_sessions:
            self._earlier_session_key.unlink(missing_ok=True)
        else:
            replace_durably(self._earlier_session_key, before, mode=_PRIVATE_FILE)
        replace_durably(self._session_key, secrets.token_bytes(SECRET_BYTES), mode=_PRIVATE_FILE)

    def session_problem(self) -> str:
        """What is wrong with the key for session cookies, and what to do; empty when nothing is."""
        try:
            for path in (self._session_key, self._earlier_session_key):
                if os.path.lexists(path):
                    read_file(path)
        except OSError as error:
            return f"{file_trouble(error)}; or rename it. All users are signed out at every start until then"
        return ""

    def forgotten_key(self, make: bool) -> bytes:
        """Key for recognising forgotten addresses; created when the first one is forgotten, and never changed.

        Without it forgotten addresses that must not be mailed cannot be recognised, so SettingError when it is missing.
        """
        path = self.root / "forgotten.key"
        if make:
            self._write_once(path, secrets.token_bytes(SECRET_BYTES))
        try:
            key = read_file(path)
            why = "" if len(key) == SECRET_BYTES else f"it has {len(key)} bytes instead of {SECRET_BYTES}"
        except OSError as error:
            key, why = b"", error.strerror or str(error)
        if why:
            raise SettingError(
                f"{path}: {why}. Restore it from a backup: without it, people who were forgotten and had "
                "asked not to be mailed would be mailed again"
            )
        return key

    def identity(self) -> str:
        """Identity of this folder, unique across machines; created at the first start."""

        def whole(content: bytes) -> bool:
            return _ID.fullmatch(content.strip()) is not None

        fresh = secrets.token_hex(_ID_BYTES).encode("ascii")
        so = "the database is asked whether it belongs to this folder"
        try:
            return self._record(self.root / "id", whole, fresh, so).decode("ascii").strip()
        except OSError as error:
            raise StorageError(file_trouble(error)) from error

    def _record(self, path: Path, whole: Callable[[bytes], bool], fresh: bytes, so: str) -> bytes:
        """The content of a file that is made once; another one, and `so`, where what stands there is damaged."""
        try:
            damaged = not whole(read_file(path))
        except FileNotFoundError:
            damaged = False
        except OSError as error:
            if error.errno not in {errno.EISDIR, errno.ENXIO}:
                raise
            damaged = True
        if damaged:
            quarantined = quarantine_file(path)
            _log.error("%s is damaged: it is kept as %s, and a new one is made; %s", path, quarantined.name, so)
        self._write_once(path, fresh)
        return read_file(path)

    def _write_once(self, path: Path, data: bytes) -> None:
        if path.is_file():
            return
        with suppress(FileExistsError):  # another process was first: what it wrote stays
            create_durably(path, data, mode=_PRIVATE_FILE)


def _written(path: Path) -> str:
    text = read_file(path)[:32].decode("ascii", "replace").strip()
    return text if text.isdecimal() else ""


class FolderLock:
    """The held lock of a data folder."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)
