"""The checks of `postlude doctor`: all checksums, and whether the stores agree. Changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, Literal, NamedTuple

from postlude.app.build.history import quarantine
from postlude.app.data_folder import DataFolder
from postlude.config import Settings
from postlude.edge.lists import read_lists
from postlude.edge.revoked import read_revoked
from postlude.history import open_history
from postlude.journal import Spool
from postlude.journal.examine import examine
from postlude.kit.clock import SystemClock
from postlude.model.errors import DamagedError, InUseError, PostludeError
from postlude.services.accounts.login_copy import read_login_copy
from postlude.services.integrity.examine_mail import damaged_mail
from postlude.services.integrity.sending_pause import problems as stored_problems
from postlude.store import Store, damage_of, is_behind, open_store

State = Literal["whole", "attention", "damaged"]
_SHOWN: Final = 20
_SQLITE: Final = "sqlite:///"


class Diagnosis(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: State
    text: str
    """The finding and, unless it is intact, the remedy."""


def examine_all(settings: Settings) -> list[Diagnosis]:
    """Examine everything, in the order of repair. Never raises for damage."""
    folder = DataFolder(settings.data)
    found = [_keys(folder), *_journal(folder), *_made_anew(folder)]
    store = _opened(settings, folder, found)
    if store is None:
        return found
    with closing(store):
        for look in (_state, _forgotten, _mail, _history, _agreement):
            found += _guarded(look, settings, folder, store)
    return found


def _guarded(
    look: Callable[[Settings, DataFolder, Store], Iterator[Diagnosis]],
    settings: Settings,
    folder: DataFolder,
    store: Store,
) -> list[Diagnosis]:
    try:
        return list(look(settings, folder, store))
    except PostludeError as error:
        return [Diagnosis(look.__name__.strip("_"), "damaged", str(error))]


def _keys(folder: DataFolder) -> Diagnosis:
    if not folder.keys.exists() and not folder.was_used():
        return Diagnosis("keys", "whole", "made at the first start")
    try:
        folder.key_ring()
    except PostludeError as error:
        return Diagnosis("keys", "damaged", str(error))
    return Diagnosis("keys", "whole", str(folder.keys))


def _journal(folder: DataFolder) -> Iterator[Diagnosis]:
    for one in examine(folder.journal) if folder.journal.is_dir() else ():
        name = f"journal {one.name}"
        if not one.problems:
            yield Diagnosis(name, "whole", f"{one.segments} segments, {one.records} records")
        for problem in one.problems:
            advice = "Everything else in it is read; restore the file from a backup if there is one"
            yield Diagnosis(name, "damaged", f"{problem}. {advice}")
    for path in sorted(folder.journal.glob("numbers.json.damaged-*")):
        yield Diagnosis("journal", "attention", f"{path.name} was damaged and rebuilt; it can be deleted")


def _made_anew(folder: DataFolder) -> Iterator[Diagnosis]:
    """What edges and relay read while the database is away."""
    readers: tuple[tuple[Path, Callable[[Path], object]], ...] = (
        (folder.revoked, read_revoked),
        (folder.lists, read_lists),
        (folder.logins, lambda path: read_login_copy(path, 0)),
    )
    for path, read in readers:
        if not path.exists():
            continue
        try:
            read(path)
        except (ValueError, OSError, PostludeError) as error:
            text = f"{path} cannot be read ({error}): it is made anew from the state when Postlude starts"
            yield Diagnosis(path.name, "attention", text)
        else:
            yield Diagnosis(path.name, "whole", str(path))


def _opened(settings: Settings, folder: DataFolder, found: list[Diagnosis]) -> Store | None:
    path = sqlite_path(settings)
    if path is not None and not (path.exists() and path.stat().st_size):
        used = folder.was_used()
        text = f"{path} is missing from a data folder that is in use: restore a backup" if used else "not made yet"
        found.append(Diagnosis("state", "damaged" if used else "whole", text))
        return None
    try:
        if is_behind(settings.database) and (damage := damage_of(settings.database)):
            text = f"{path}: {damage[0]}. Put a backup in its place, or `postlude doctor --repair`"
            found.append(Diagnosis("state", "damaged", text))
            return None
        if is_behind(settings.database):
            found.append(Diagnosis("state", "attention", "its tables are of an older version: start Postlude once"))
            return None
        return open_store(settings.database)
    except PostludeError as error:
        found.append(Diagnosis("state", "damaged", str(error)))
        return None


def sqlite_path(settings: Settings) -> Path | None:
    """The state's file; None for PostgreSQL."""
    return Path(settings.database.removeprefix(_SQLITE)) if settings.database.startswith(_SQLITE) else None


def _state(settings: Settings, _folder: DataFolder, store: Store) -> Iterator[Diagnosis]:
    damage = store.integrity.damage()
    if not damage:
        yield Diagnosis("state", "whole", f"step {store.integrity.generation()}")
    for text in damage[:_SHOWN]:
        advice = "Stop Postlude; restore a backup, or run `postlude doctor --repair`"
        yield Diagnosis("state", "damaged", f"{sqlite_path(settings) or 'PostgreSQL'}: {text}. {advice}")


def _forgotten(_settings: Settings, folder: DataFolder, store: Store) -> Iterator[Diagnosis]:
    if not store.forgetting.anybody():
        return
    try:
        folder.forgotten_key(make=False)
    except PostludeError as error:
        yield Diagnosis("forgotten", "damaged", str(error))
    else:
        yield Diagnosis("forgotten", "whole", "forgotten addresses that want no mail are recognised")


def _mail(_settings: Settings, folder: DataFolder, store: Store) -> Iterator[Diagnosis]:
    damaged = list(damaged_mail(store, Spool(folder.spool_out)))
    if not damaged:
        yield Diagnosis("stored mail", "whole", "every message has the bytes that were accepted")
    for _, text in damaged[:_SHOWN]:
        yield Diagnosis("stored mail", "damaged", f"{text}. Restore the file from a backup, or send the message again")
    if len(damaged) > _SHOWN:
        yield Diagnosis("stored mail", "damaged", f"and {len(damaged) - _SHOWN} more")


def _history(_settings: Settings, folder: DataFolder, store: Store) -> Iterator[Diagnosis]:
    if not folder.history.exists():
        used = bool(store.digest.positions())
        text = "it is missing: the next start rebuilds it from the journal" if used else "not made yet"
        yield Diagnosis("history", "damaged" if used else "whole", text)
        return
    try:
        with closing(open_history(folder.history, read_only=True)) as history:
            damage = history.damage()
            seen, state = history.generation(), store.integrity.generation()
    except InUseError:
        yield Diagnosis("history", "attention", "not read: Postlude runs. Stop it to have the history read as well")
        return
    if damage:
        yield Diagnosis("history", "damaged", f"{damage} `postlude doctor --repair` renames it; it is rebuilt")
    else:
        yield Diagnosis("history", "whole", str(folder.history))
    if seen > state:
        text = f"the state is older (step {state} of {seen}): a backup. The next start pauses all sending"
        yield Diagnosis("agreement", "damaged", text)


def _agreement(_settings: Settings, folder: DataFolder, store: Store) -> Iterator[Diagnosis]:
    for text in stored_problems(store):
        yield Diagnosis("told before", "attention", text)
    names = {label.name for label in store.integrity.journal_labels()}
    for name in sorted(name for name in names if not (folder.journal / name).is_dir()):
        yield Diagnosis(
            "agreement", "damaged", f"the journal of {name}, which was read before, is missing from {folder.journal}"
        )


def repair(settings: Settings) -> list[str]:
    """Rename files that cannot be read, so that they are rebuilt or replaced by a backup. Nothing is deleted.

    Raises InUseError while Postlude runs. Returns the renamed paths.
    """
    folder, clock = DataFolder(settings.data), SystemClock()
    moved: list[Path] = []
    with closing(folder.lock()):
        try:
            with closing(open_history(folder.history, read_only=True)) as history:
                damaged = bool(history.damage())
        except InUseError:
            raise
        except PostludeError:
            damaged = True
        if folder.history.exists() and (damaged or _takes_nothing(folder.history)):
            moved += quarantine([folder.history, folder.history.with_name(folder.history.name + ".wal")], clock)
        moved += _repair_state(settings)
    return [f"{path} is what was damaged" for path in moved]


def _takes_nothing(history: Path) -> bool:
    """Whether nothing can be added to it, although all can be read: a first try may mend the end of the file."""
    for _ in range(2):
        try:
            with closing(open_history(history)) as opened:
                opened.rehearse()
        except DamagedError:
            continue
        return False
    return True


def _repair_state(settings: Settings) -> list[Path]:
    path = sqlite_path(settings)
    if path is None or not path.exists():
        return []
    try:
        with closing(open_store(settings.database)) as store:
            damage = store.integrity.damage()
            mail = list(damaged_mail(store, Spool(DataFolder(settings.data).spool_out)))
    except InUseError:
        raise
    except PostludeError:
        damage, mail = ["it cannot be opened"], []
    spool = Spool(DataFolder(settings.data).spool_out)
    moved = quarantine((spool.path(message) for message, _ in mail), SystemClock())
    if damage:
        moved += quarantine([path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))], SystemClock())
    return moved
