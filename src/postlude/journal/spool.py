"""Unchanged mail, one file per message: too large for the journal, stored before the journal refers to it.

A spool may lie on a disk of its own. A file `.id` in it, and the same outside of it, tell a spool that is not there
from one that is empty: what waits in it is held, and nothing new is put beneath the place of a disk.
"""

import errno
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from postlude.journal.disk import Disk
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import make_folder, replace_durably
from postlude.kit.ids import id_text, parse_id
from postlude.kit.regular_file import read_file
from postlude.model.errors import NotFoundError, StorageError

SPOOL_MARK: Final = ".id"
_ID_BYTES: Final = 8
_MODE: Final = 0o600
_AT_ONCE: Final = 2 << 20
PARTS: Final = 128
"""Folders a spool has: by the first two digits of a positive 63-bit id."""


def checksum(*pieces: bytes) -> str:
    """Checksum of these bytes: stored in the journal, apart from the file."""
    sum_ = blake2b(digest_size=16)
    for piece in pieces:
        sum_.update(piece)
    return sum_.hexdigest()


def prepare_spool(root: Path, proof: Path) -> None:
    """Make a spool that was never used known, in it and outside of it. Raises OSError."""
    known, here = _id_in(proof), _id_in(root / SPOOL_MARK)
    if known is not None and here is None and not os.path.lexists(root / SPOOL_MARK):
        return  # its disk is not there: `spool_problem` says so
    if known is None or here is None:
        mine = known or here or secrets.token_hex(_ID_BYTES).encode("ascii")
        make_folder(root)
        if here is None:
            replace_durably(root / SPOOL_MARK, mine, mode=_MODE)
        if known is None:
            replace_durably(proof, mine, mode=_MODE)


def accept_spool(root: Path, proof: Path) -> bool:
    """Take the spool as it is for the one that was used. False when it was that one before. Raises StorageError."""
    if not spool_problem(root, proof):
        return False
    known = _id_in(proof)
    assert known is not None
    try:
        make_folder(root)
        replace_durably(root / SPOOL_MARK, known, mode=_MODE)
    except OSError as error:
        raise StorageError(file_trouble(error, root)) from error
    return True


def spool_problem(root: Path, proof: Path) -> str:
    """Why this is not the spool that was used, and what to do; empty when it is, or none was."""
    known = _id_in(proof)
    if known is None:
        return ""
    mark = root / SPOOL_MARK
    here = _id_in(mark)
    if here == known or (here is None and os.path.lexists(mark)):  # a damaged one costs nothing: mail has checksums
        return ""
    what = "is another one" if here is not None else "is an older one" if _any_mail(root) else "is empty or gone"
    return (
        f"the folder of accepted mail, {root}, {what}: mount its disk, or put it back from a backup. Nothing is lost "
        "until then: what waits is held, and new mail is asked to come later. If it is lost for good, stop Postlude "
        "and say `postlude doctor --repair`: what was in it is then told message by message"
    )


def _any_mail(root: Path) -> bool:
    return next(root.glob("*/*.eml"), None) is not None


def _id_in(path: Path) -> bytes | None:
    """The id in a file; None when there is none that can be understood."""
    try:
        content = read_file(path).strip()
        return content if len(bytes.fromhex(content.decode("ascii"))) == _ID_BYTES else None
    except (OSError, ValueError):
        return None


class Spool:
    """Files `root/ab/<id>.eml`; `put` returns when the file survives a power cut. Safe for threads."""

    def __init__(self, root: Path, disk: Disk | None = None, *, proof: Path | None = None) -> None:
        """`proof`: a file outside of `root` that says which spool this is."""
        self._root = root
        self._disk = disk or Disk()
        self._proof = proof

    def confirm(self) -> None:
        """Raises StorageError when this is not the folder that mail was put in: it is gone, empty or another one."""
        if self._proof is not None and (problem := spool_problem(self._root, self._proof)):
            raise StorageError(problem)

    def path(self, id: int) -> Path:  # noqa: A002 - the public word for it
        """Path for `id`; the file may not exist."""
        name = id_text(id)
        return self._root / name[:2] / f"{name}.eml"

    def put(self, id: int, *pieces: bytes) -> None:  # noqa: A002 - the public word for it
        """Store these bytes, replacing what was there; StorageError when the disk refused, or is not there."""
        self.confirm()
        path = self.path(id)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            self._make_folder(path.parent)
            self._write(fresh, pieces)
            fresh.replace(path)
            self._disk.sync_folder(path.parent)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise StorageError(file_trouble(error, path)) from error

    def get(self, id: int) -> bytes:  # noqa: A002 - the public word for it
        """The bytes stored under `id`; NotFoundError when there are none, or the disk has lost them.

        StorageError when the whole spool is not there.
        """
        try:
            return read_file(self.path(id))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self.confirm()
            raise NotFoundError(f"no mail is stored under {id_text(id)}") from None
        except OSError as error:
            if error.errno in {errno.EIO, errno.ENXIO}:  # this file's own damage: all others can be read
                raise NotFoundError(f"the mail stored under {id_text(id)} cannot be read: {error.strerror}") from error
            raise StorageError(file_trouble(error, self.path(id))) from error

    def size(self, id: int) -> int:  # noqa: A002 - the public word for it
        """How many bytes are stored under `id`; 0 where that cannot be known."""
        try:
            return self.path(id).stat().st_size
        except OSError:
            return 0

    def delete(self, id: int) -> None:  # noqa: A002 - the public word for it
        """Remove what is stored under `id`, if anything is."""
        try:
            self.path(id).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(file_trouble(error, self.path(id))) from error

    def older(self, part: int, before: float) -> dict[int, float]:
        """When each mail was stored that was stored before `before` (both in Unix seconds), in one of PARTS folders.

        What a killed writer left half written, as old as that, is removed on the way. Raises StorageError.
        """
        return {id: stored for id, stored in self.stored(part, before).items() if stored < before}  # noqa: A001 - the public word for it

    def stored(self, part: int, before: float) -> dict[int, float]:
        """As `older`, with the mails that are younger by their files: a restored backup made those anew."""
        found: dict[int, float] = {}
        folder = self._root / f"{part:02x}"
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    stored = entry.stat().st_mtime
                    id = parse_id(entry.name.removesuffix(".eml"))  # noqa: A001 - the public word for it
                    if id is not None:
                        found[id] = stored
                    elif stored < before and entry.name.startswith("."):
                        Path(entry).unlink(missing_ok=True)
        except FileNotFoundError:
            return {}  # nothing was ever stored there, or a file is being replaced: looked at again later
        except OSError as error:
            raise StorageError(file_trouble(error, folder)) from error
        return found

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            make_folder(folder)
            self._disk.sync_folder(folder.parent)
            self._disk.sync_folder(folder.parent.parent)

    def _write(self, path: Path, pieces: Sequence[bytes]) -> None:
        fd = self._disk.create(path)
        try:
            at = behind = 0
            for piece in pieces:
                self._disk.write(fd, piece, at)
                at += len(piece)
                behind += len(piece)
                if behind > _AT_ONCE:  # what others write does not wait for all of it
                    self._disk.sync(fd)
                    behind = 0
            os.fsync(fd)  # noqa: TID251 - through Disk, so that tests can make it fail
        finally:
            self._disk.close(fd)
