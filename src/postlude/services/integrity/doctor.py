"""The checks of `postlude doctor`: all checksums, and whether the stores agree. Only `repair_stores` changes any."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol

from postlude.history import open_history
from postlude.journal import Spool, accept_spool, spool_problem
from postlude.journal.examine import examine_journals
from postlude.kit.clock import Clock
from postlude.model.errors import DamagedError, InUseError, PostludeError
from postlude.services.integrity.examine_mail import damaged_mail
from postlude.services.integrity.quarantine import LOG_SUFFIX, quarantine
from postlude.services.integrity.sending_pause import problems as stored_problems
from postlude.store import SQLITE_FILES, Store, damage_of, is_behind, open_store, refused_files

State = Literal["whole", "attention", "damaged"]
_SHOWN: Final = 20


class ReadSecret(Protocol):
    """Reads a key of the installation."""

    def __call__(self) -> object:
        """PostludeError with the remedy when it is missing or damaged."""
        ...


class ReadRemade(Protocol):
    """Reads a file that is made anew from the state."""

    def __call__(self, path: Path, /) -> object:
        """ValueError, OSError or PostludeError when it is damaged."""
        ...


class RemadeFile(NamedTuple):
    """What edges or relay read while the database is away."""

    path: Path
    read: ReadRemade


class SpoolPlace(NamedTuple):
    """A folder of stored mail, and the file outside of it that tells whether it is there."""

    root: Path
    proof: Path


class FindProblems(Protocol):
    """Looks at files that a running Postlude needs and cannot make again."""

    def __call__(self) -> list[str]:
        """What is wrong, with the remedy; empty when nothing is."""
        ...


class QuarantineUnusable(Protocol):
    """Renames files that cannot be used and are made again."""

    def __call__(self) -> list[Path]:
        """Their new names. OSError where it cannot."""
        ...


class Counters(NamedTuple):
    """Files in which something is counted, and without which it is counted in memory."""

    problems: FindProblems
    quarantine_unusable: QuarantineUnusable


class ExaminedStores(NamedTuple):
    """Where an installation keeps what is examined."""

    database: str
    """URL of the state."""
    state: Path | None
    """The state's file; None for PostgreSQL."""
    history: Path
    journal: Path
    spool_out: Path
    keys: Path
    used: bool
    """Whether mail, hits or events were ever stored: then a missing file was lost."""
    read_keys: ReadSecret
    read_forgotten_key: ReadSecret
    remade: tuple[RemadeFile, ...]
    folder: FindProblems = list
    """What cannot be used of the data folder itself."""
    spools: tuple[SpoolPlace, ...] = ()
    signing: FindProblems = list
    """What is wrong with the keys that sign mail."""
    quotas: Counters = Counters(list, list)
    """What logins submitted."""


class Diagnosis(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: State
    text: str
    """The finding and, unless it is intact, the remedy."""


def examine_stores(stores: ExaminedStores) -> list[Diagnosis]:
    """Examine everything, in the order of repair. Never raises for damage."""
    found = [Diagnosis("data folder", "damaged", text) for text in stores.folder()]
    found += [_keys(stores), *_journal(stores.journal), *_remade(stores)]
    found += [Diagnosis("stored mail", "damaged", text) for one in stores.spools if (text := spool_problem(*one))]
    found += [Diagnosis("signing", "damaged", text) for text in stores.signing()]
    found += [Diagnosis("quotas", "damaged", text) for text in stores.quotas.problems()]
    store = _opened(stores, found)
    if store is None:
        return found
    with closing(store):
        for look in (_state, _forgotten, _mail, _history, _agreement):
            found += _guarded(look, stores, store)
    return found


def _guarded(
    look: Callable[[ExaminedStores, Store], Iterator[Diagnosis]], stores: ExaminedStores, store: Store
) -> list[Diagnosis]:
    try:
        return list(look(stores, store))
    except PostludeError as error:
        return [Diagnosis(look.__name__.strip("_"), "damaged", str(error))]


def _keys(stores: ExaminedStores) -> Diagnosis:
    if not stores.keys.exists() and not stores.used:
        return Diagnosis("keys", "whole", "made at the first start")
    try:
        known = stores.read_keys()
    except PostludeError as error:
        return Diagnosis("keys", "damaged", str(error))
    return Diagnosis("keys", "whole", f"{stores.keys}: {known}")


def _journal(journal: Path) -> Iterator[Diagnosis]:
    for one in examine_journals(journal) if journal.is_dir() else ():
        name = f"journal {one.name}"
        if not one.problems:
            yield Diagnosis(name, "whole", f"{one.segments} segments, {one.records} records")
        for problem in one.problems:
            advice = "Everything else in it is read; restore the file from a backup if there is one"
            yield Diagnosis(name, "damaged", f"{problem}. {advice}")
    for path in sorted(journal.glob("numbers.json.damaged-*")):
        yield Diagnosis("journal", "attention", f"{path.name} was damaged and rebuilt; it can be deleted")


def _remade(stores: ExaminedStores) -> Iterator[Diagnosis]:
    for path, read in stores.remade:
        if not (path.exists() or path.is_symlink()):
            continue
        try:
            read(path)
        except (ValueError, OSError, PostludeError) as error:
            text = f"{path} cannot be read ({error}): it is made anew from the state when Postlude starts"
            yield Diagnosis(path.name, "attention", text)
        else:
            yield Diagnosis(path.name, "whole", str(path))


def _opened(stores: ExaminedStores, found: list[Diagnosis]) -> Store | None:
    path, used = stores.state, stores.used
    if path is not None and not (path.exists() and path.stat().st_size):
        text = f"{path} is missing from a data folder that is in use: restore a backup" if used else "not made yet"
        found.append(Diagnosis("state", "damaged" if used else "whole", text))
        return None
    try:
        if is_behind(stores.database) and (damage := damage_of(stores.database)):
            text = f"{path}: {damage[0]}. Put a backup in its place, or `postlude doctor --repair`"
            found.append(Diagnosis("state", "damaged", text))
            return None
        if is_behind(stores.database):
            found.append(Diagnosis("state", "attention", "its tables are of an older version: start Postlude once"))
            return None
        return open_store(stores.database)
    except PostludeError as error:
        found.append(Diagnosis("state", "damaged", str(error)))
        return None


def _state(stores: ExaminedStores, store: Store) -> Iterator[Diagnosis]:
    damage = store.integrity.damage()
    if not damage:
        yield Diagnosis("state", "whole", f"step {store.integrity.generation()}")
    for text in damage[:_SHOWN]:
        advice = "Stop Postlude; restore a backup, or run `postlude doctor --repair`"
        yield Diagnosis("state", "damaged", f"{stores.state or 'PostgreSQL'}: {text}. {advice}")


def _forgotten(stores: ExaminedStores, store: Store) -> Iterator[Diagnosis]:
    if not store.forgetting.has_hashes():
        return
    try:
        stores.read_forgotten_key()
    except PostludeError as error:
        yield Diagnosis("forgotten", "damaged", str(error))
    else:
        yield Diagnosis("forgotten", "whole", "forgotten addresses that want no mail are recognised")


def _mail(stores: ExaminedStores, store: Store) -> Iterator[Diagnosis]:
    damaged = list(damaged_mail(store, Spool(stores.spool_out)))
    if not damaged:
        yield Diagnosis("stored mail", "whole", "every message has the bytes that were accepted")
    for one in damaged[:_SHOWN]:
        yield Diagnosis(
            "stored mail", "damaged", f"{one.problem}. Restore the file from a backup, or send the message again"
        )
    if len(damaged) > _SHOWN:
        yield Diagnosis("stored mail", "damaged", f"and {len(damaged) - _SHOWN} more")


def _history(stores: ExaminedStores, store: Store) -> Iterator[Diagnosis]:
    if not os.path.lexists(stores.history):
        used = bool(store.digest.positions())
        text = "it is missing: the next start rebuilds it from the journal" if used else "not made yet"
        yield Diagnosis("history", "damaged" if used else "whole", text)
        return
    try:
        with closing(open_history(stores.history, read_only=True)) as history:
            damage = history.damage()
            seen, state = history.generation(), store.integrity.generation()
    except InUseError:
        yield Diagnosis("history", "attention", "not read: Postlude runs. Stop it to have the history read as well")
        return
    if damage:
        yield Diagnosis("history", "damaged", f"{damage} `postlude doctor --repair` renames it; it is rebuilt")
    else:
        yield Diagnosis("history", "whole", str(stores.history))
    if seen > state:
        text = f"the state is older (step {state} of {seen}): a backup. The next start pauses all sending"
        yield Diagnosis("agreement", "damaged", text)


def _agreement(stores: ExaminedStores, store: Store) -> Iterator[Diagnosis]:
    for text in stored_problems(store):
        yield Diagnosis("told before", "attention", text)
    names = {label.name for label in store.integrity.journal_labels()}
    for name in sorted(name for name in names if not (stores.journal / name).is_dir()):
        yield Diagnosis(
            "agreement", "damaged", f"the journal of {name}, which was read before, is missing from {stores.journal}"
        )


def repair_stores(stores: ExaminedStores, clock: Clock) -> list[str]:
    """Rename files that cannot be read, so that they are rebuilt or replaced by a backup. Nothing is deleted.

    The data folder is locked by the caller. Raises InUseError when another process has a store all the same.
    Returns the renamed paths.
    """
    moved = stores.quotas.quarantine_unusable()
    history = stores.history
    if os.path.lexists(history) and (_cannot_be_read(history) or _takes_nothing(history)):
        moved += quarantine([history, history.with_name(history.name + LOG_SUFFIX)], clock)
    accepted = [one.root for one in stores.spools if accept_spool(*one)]
    moved += _repair_state(stores, clock)
    told = [f"{root} is taken as it is: what is missing in it is lost, and told" for root in accepted]
    return [*told, *(f"{path} is what was damaged" for path in moved)]


def _cannot_be_read(history: Path) -> bool:
    try:
        with closing(open_history(history, read_only=True)) as opened:
            return bool(opened.damage())
    except InUseError:
        raise
    except PostludeError:
        return True


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


def _repair_state(stores: ExaminedStores, clock: Clock) -> list[Path]:
    path, spool = stores.state, Spool(stores.spool_out)
    if path is None or not os.path.lexists(path):
        return []
    beside = [one for one in refused_files(path) if one != path]
    moved = quarantine(beside, clock)  # what the state itself has stays: at most its last changes are missing then
    try:
        with closing(open_store(stores.database)) as store:
            damage = store.integrity.damage()
            mail = list(damaged_mail(store, spool))
    except InUseError:
        raise
    except PostludeError:
        damage, mail = ["it cannot be opened"], []
    moved += quarantine((spool.path(one.message) for one in mail), clock)
    if damage:
        moved += quarantine([path, *(path.with_name(path.name + end) for end in SQLITE_FILES)], clock)
    return moved
