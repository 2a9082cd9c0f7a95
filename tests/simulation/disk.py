"""A real disk that knows what a power cut would leave, and that fails where it is told to."""

import os
from pathlib import Path
from random import Random
from typing import Final

from postlude.journal.disk import Disk
from simulation.faults import Faults

_SECTORS: Final = (64, 512)  # of a disk; of memory that keeps what it holds, a line of the cache


class Platter:
    """What of the files under one root would survive a power cut; shared by all processes."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._unsynced: dict[Path, list[tuple[int, bytes]]] = {}
        self._synced_size: dict[Path, int] = {}
        self._new: dict[Path, int] = {}

    def created(self, path: Path) -> None:
        """A file whose folder was not synced since."""
        self._new[path] = path.stat().st_ino
        self._synced_size[path] = 0

    def written(self, path: Path, offset: int, data: bytes) -> None:
        """Bytes that were not synced since."""
        self._unsynced.setdefault(path, []).append((offset, data))

    def synced(self, path: Path) -> None:
        """Everything written to it survives."""
        self._unsynced.pop(path, None)
        if path.exists():
            self._synced_size[path] = path.stat().st_size

    def folder_synced(self, path: Path) -> None:
        """So do the names in it."""
        self._new = {new: inode for new, inode in self._new.items() if new.parent != path}

    def recovered(self, folder: Path) -> None:
        """A writer has opened this journal: its last segment was cut and synced, without asking the disk."""
        if last := max(folder.glob("*.journal"), default=None):
            self.synced(last)

    def replaced(self, folder: Path) -> None:
        """Other files, durable ones, have the names of those in this folder."""
        for known in (self._unsynced, self._synced_size, self._new):
            for path in [one for one in known if one.parent == folder]:
                del known[path]

    def cut_power(self) -> None:
        """Make the files what a disk could have kept of them."""
        for path, writes in self._unsynced.items():
            if path.exists():
                self._tear(path, writes)
        for path, inode in self._new.items():
            if self._chance.random() < 0.5:
                for same in [one for one in path.parent.iterdir() if one.stat().st_ino == inode]:
                    same.unlink()  # under whatever name it has by now
        self._unsynced.clear()
        self._new.clear()

    def _tear(self, path: Path, writes: list[tuple[int, bytes]]) -> None:
        """Of what was not synced any sectors are there, any are not; the length is any as well."""
        sector = self._chance.choice(_SECTORS)
        with path.open("r+b") as file:
            for offset, data in writes:
                borders = [offset, *range(offset // sector * sector + sector, offset + len(data), sector)]
                for start, end in zip(borders, [*borders[1:], offset + len(data)], strict=True):
                    if self._chance.random() < 0.5:
                        file.seek(start)
                        file.write(bytes(end - start))
            least = self._synced_size.get(path, 0)
            size = path.stat().st_size
            if size > least and self._chance.random() < 0.5:
                file.truncate(self._chance.randrange(least, size + 1))


class SimulatedDisk(Disk):
    """One process's view: real files, the process's faults, and the platter told of everything."""

    def __init__(self, faults: Faults, platter: Platter, chance: Random) -> None:
        self._faults = faults
        self._platter = platter
        self._chance = chance
        self._paths: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        self._step("create", path)
        fd = super().create(path)
        self._paths[fd] = path
        self._platter.created(path)
        return fd

    def write(self, fd: int, data: bytes, offset: int) -> None:
        path = self._paths[fd]
        half = data[: self._chance.randrange(len(data) + 1)]
        name = f"disk: write {path.name}"
        if self._faults.dies_at(name):
            self._put(fd, half, offset)
        number = self._faults.step(name)
        self._put(fd, half if number else data, offset)
        if number:
            raise OSError(number, os.strerror(number), str(path))

    def sync(self, fd: int) -> None:
        path = self._paths[fd]
        self._step("sync", path)
        super().sync(fd)
        self._platter.synced(path)

    def store(self, fd: int, data: bytes, offset: int) -> None:
        self.write(fd, data, offset)
        self.sync(fd)

    def truncate(self, fd: int, size: int) -> None:
        self._step("truncate", self._paths[fd])
        super().truncate(fd, size)

    def close(self, fd: int) -> None:
        self._platter_close(fd)
        super().close(fd)

    def sync_folder(self, path: Path) -> None:
        self._step("sync folder", path)
        super().sync_folder(path)
        self._platter.folder_synced(path)

    def close_all(self) -> None:
        """As the kernel does when the process is dead."""
        for fd in list(self._paths):
            del self._paths[fd]
            super().close(fd)

    def _put(self, fd: int, data: bytes, offset: int) -> None:
        if data:
            super().write(fd, data, offset)
            self._platter.written(self._paths[fd], offset, data)

    def _platter_close(self, fd: int) -> None:
        path = self._paths.pop(fd)
        # A spool's mail is synced before it is closed, not through this disk: what is closed alive is durable.
        if not self._faults.dead and path.suffix != ".journal":
            self._platter.synced(path)

    def _step(self, what: str, path: Path) -> None:
        if number := self._faults.step(f"disk: {what} {path.name}"):
            raise OSError(number, os.strerror(number), str(path))
