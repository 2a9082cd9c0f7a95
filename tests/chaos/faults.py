"""What can happen to a data folder while nothing runs on it: each returns what it did, for people."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

STORES: Final = {
    "journal": ("journal",),
    "state": ("state.sqlite", "state.sqlite-wal", "state.sqlite-shm"),
    "history": ("history.duckdb", "history.duckdb.wal"),
    "spool": ("spool",),
}
LOST: Final = (
    "journal",
    "journal/*",
    "journal/*/*.journal",
    "journal/*/mark",
    "journal/*/identity.json",
    "journal/numbers.json",
    "state.sqlite",
    "state.sqlite-wal",
    "history.duckdb",
    "history.duckdb.wal",
    "spool/out/*/*.eml",
    "spool",
    "spool/out",
    "spool/out/.id",
    "spool-out.id",
    "keys.json",
    "id",
)
DAMAGED: Final = (
    "journal/*/*.journal",
    "journal/*/*.journal",
    "journal/*/mark",
    "journal/numbers.json",
    "state.sqlite",
    "state.sqlite-wal",
    "history.duckdb",
    "history.duckdb.wal",
    "spool/out/*/*.eml",
    "keys.json",
)


_HALF: Final = 0.5


def remove(path: Path) -> None:
    """File or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def put_back(chance: random.Random, data: Path, snapshots: list[Path]) -> str:
    """One store from an earlier point, the others as they are."""
    snapshot, store = chance.choice(snapshots), chance.choice(sorted(STORES))
    for name in STORES[store]:
        remove(data / name)
        source = snapshot / name
        if source.is_dir():
            shutil.copytree(source, data / name)
        elif source.exists():
            shutil.copy2(source, data / name)
    return f"put back {store} of {snapshot.name}"


def _one(chance: random.Random, data: Path, patterns: tuple[str, ...]) -> Path | None:
    found = sorted(data.glob(chance.choice(patterns)))
    return chance.choice(found) if found else None


def lose(chance: random.Random, data: Path, _snapshots: list[Path]) -> str:
    """One file or folder is gone."""
    path = _one(chance, data, LOST)
    if path is None:
        return "nothing"
    remove(path)
    return f"lost {path.relative_to(data)}"


def damage(chance: random.Random, data: Path, _snapshots: list[Path]) -> str:
    """One file is not what it was: a bit, some kilobytes, or its end."""
    path = _one(chance, data, DAMAGED)
    size = path.stat().st_size if path else 0
    if path is None or not size:
        return "nothing"
    how, at = chance.choice(("bit", "piece", "end")), chance.randrange(size)
    content = bytearray(path.read_bytes())
    if how == "bit":
        content[at] ^= 1 << chance.randrange(8)
    elif how == "piece":
        content[at : at + 4096] = chance.randbytes(len(content[at : at + 4096]))
    else:
        del content[at:]
    path.write_bytes(content)
    return f"damaged {path.relative_to(data)} ({how} at {at} of {size})"


def replace(chance: random.Random, data: Path, _snapshots: list[Path]) -> str:
    """A folder stands where a file was, or a file without content, as containers and careless hands leave them."""
    path = _one(chance, data, (*LOST, "session.key", "logins.json", "revoked.bin", "lock", "journal/*/lock"))
    if path is None or path.is_dir():
        return "nothing"
    remove(path)
    if chance.random() < _HALF:
        path.mkdir()
        return f"a folder for {path.relative_to(data)}"
    path.touch(0o600)
    return f"emptied {path.relative_to(data)}"


def nothing(_chance: random.Random, _data: Path, _snapshots: list[Path]) -> str:
    """Only what ended the process."""
    return "nothing"


def jump(chance: random.Random, data: Path, _snapshots: list[Path]) -> str:
    """The machine's clock is set, ahead or back, by hours or days."""
    hours = chance.choice((0, 2, 3 * 24, 20 * 24)) * chance.choice((1, -1))
    (data.parent / "clock").write_bytes((hours * 3_600_000_000).to_bytes(8, "little", signed=True))
    return f"the clock is {hours} h ahead"


Fault = Callable[[random.Random, Path, list[Path]], str]
FAULTS: Final[tuple[Fault, ...]] = (nothing, put_back, lose, damage, replace)
WITH_CLOCK: Final[tuple[Fault, ...]] = (*FAULTS, jump)
