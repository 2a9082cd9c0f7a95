"""Every file of a data folder, and everything that can have become of it while nothing ran.

One instance is used and killed in the middle of its work. For each file of it, and each way in which a file can be
damaged, a copy of the instance is started again, works, and is compared with the model: what was promised is there
once, or somebody was told. Whatever is told to be put back is put back, or repaired as `postlude doctor` says.
"""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from chaos.faults import remove
from chaos.history import Driver, Verdict

_LEFT_ALONE: Final = (".sock", "-shm", "filler")
_HALF: Final = 2
_UNREADABLE: Final = "unreadable"
_PIPE: Final = "a pipe in its place"


class Case(NamedTuple):
    """One thing that has happened to one file."""

    path: str
    """In the data folder."""
    damage: str

    def __str__(self) -> str:
        return f"{self.path}: {self.damage}"


class Instance:
    """A used data folder, its model, and another instance's folder beside it. Made once, and only copied."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed: Final = seed
        self.driver: Final = _used(folder / "used", seed)
        self.other: Final = _used(folder / "other", seed + 1)

    def cases(self) -> list[Case]:
        """All of them, one file of each kind."""
        return [Case(path, name) for path in self._paths() for name in self._damages(path)]

    def _paths(self) -> Iterator[str]:
        root, kinds = self.driver.data, set()
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            kind = _kind(path, name)
            if not name.endswith(_LEFT_ALONE) and kind not in kinds:
                kinds.add(kind)
                yield name

    def _damages(self, path: str) -> Iterator[str]:
        whole = self.driver.data / path
        for name in DAMAGES:
            if name in _OF_FOLDERS or not whole.is_dir():
                yield name

    def suffer(self, folder: Path, case: Case) -> Verdict:
        """What became of one copy."""
        mine = self.driver.copy_to(folder)
        chance = random.Random(f"{self.seed} {case}")
        if not DAMAGES[case.damage](mine.data / case.path, self.other.data / case.path, chance):
            return mine.verdict
        mine.verdict.steps.append(str(case))
        try:
            whole = (
                (mine.data / case.path, self.driver.data / case.path) if case.damage in {_UNREADABLE, _PIPE} else None
            )
            return mine.go_on(whole)
        except AssertionError as error:
            mine.verdict.wrong.append(f"{case}: {error}")
            return mine.verdict


def _used(folder: Path, seed: int) -> Driver:
    driver = Driver(folder, seed, plain=True)
    driver.use_and_kill()
    return driver


def _kind(path: Path, name: str) -> str:
    """Files that are alike have one."""
    parts = Path(name).parts
    if path.suffix == ".eml":
        return f"{parts[:2]} mail"
    return f"{parts[:2]} part" if parts[0] == "spool" and len(parts) > _HALF else name


def _missing(path: Path, _other: Path, _chance: random.Random) -> bool:
    remove(path)
    return True


def _empty(path: Path, _other: Path, _chance: random.Random) -> bool:
    if path.is_dir():
        remove(path)
        path.mkdir()
    else:
        path.write_bytes(b"")
    return True


def _truncated(path: Path, _other: Path, chance: random.Random) -> bool:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))] if content else b"")
    return bool(content)


def _flipped(path: Path, _other: Path, chance: random.Random) -> bool:
    content = bytearray(path.read_bytes())
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
    return bool(content)


def _a_folder(path: Path, _other: Path, _chance: random.Random) -> bool:
    remove(path)
    path.mkdir()
    return True


def _a_file(path: Path, _other: Path, _chance: random.Random) -> bool:
    folder = path.is_dir()
    if folder:
        remove(path)
        path.write_bytes(b"x")
    return folder


def _unreadable(path: Path, _other: Path, _chance: random.Random) -> bool:
    """A link to itself: permissions mean nothing to root, as which a container may run."""
    remove(path)
    path.symlink_to(path)
    return True


def _a_pipe(path: Path, _other: Path, _chance: random.Random) -> bool:
    """Who opens it as a file waits for ever for somebody at the other end."""
    remove(path)
    os.mkfifo(path)
    return True


def _anothers(path: Path, other: Path, _chance: random.Random) -> bool:
    if not other.exists():
        return False
    remove(path)
    if other.is_dir():
        shutil.copytree(other, path)
    else:
        shutil.copy2(other, path)
    return True


DAMAGES: Final[dict[str, Callable[[Path, Path, random.Random], bool]]] = {
    "missing": _missing,
    "empty": _empty,
    "truncated": _truncated,
    "a flipped bit": _flipped,
    "a folder in its place": _a_folder,
    "a file in its place": _a_file,
    _UNREADABLE: _unreadable,
    _PIPE: _a_pipe,
    "another instance's": _anothers,
}
"""What it does returns False where it changes nothing."""
_OF_FOLDERS: Final = frozenset({"missing", "empty", "a file in its place", _UNREADABLE, _PIPE, "another instance's"})
