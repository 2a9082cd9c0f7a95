"""Edit the suppression list, by hand and by files."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Final, NamedTuple, Protocol

from postlude.kit.clock import Clock, from_iso, to_iso
from postlude.kit.csv_table import CsvTable
from postlude.model.address import read_mailbox
from postlude.model.errors import InputError
from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.services.contacts.columns import find_columns
from postlude.services.contacts.file_reader import file_rows, shape_of
from postlude.services.contacts.import_rows import chunks_of
from postlude.store import Store, Suppression
from postlude.store.contacts.bulk_import import ImportRow

MANUAL: Final = "manual"
LEFT: Final = "left_mailings"
"""The column of an export that tells when mailings were left."""
_BATCH: Final = 10_000
_LOOKED_AT: Final = 200


class BadRow(Protocol):
    """Hears of a row that was not taken."""

    def __call__(self, line: int, value: str, reason: str, remedy: str, /) -> None:
        """Called once a row, in the order of the file."""
        ...


class Imported(NamedTuple):
    """Outcome of a file's rows."""

    new: int
    known: int
    """Suppressed already, each with its first reason."""
    wrong: int


def suppress(store: Store, clock: Clock, address: str, *, by: str, reason: str = MANUAL, note: str = "") -> bool:
    """Suppress an address from now on; False when it was already, with its first reason."""
    return store.suppressions.add(read_mailbox(address).spelled, _word(reason), note, at=clock.now(), by=by)


def end_suppression(store: Store, address: str) -> bool:
    """Allow an address again; False when it was not suppressed. The caller needs the person's request."""
    return store.suppressions.remove(address) or store.suppressions.remove(read_mailbox(address).spelled)


def import_suppressions(  # noqa: PLR0917 - plain data
    store: Store,
    clock: Clock,
    path: Path,
    by: str,
    reason: str = MANUAL,
    bad: BadRow = lambda *_error: None,
) -> Imported:
    """Suppress every address of a CSV file or spreadsheet. A `reason` column wins over `reason`.

    `bad` is called with line, value, reason and remedy of rows without an address. After an interruption it can be run
    again: existing suppressions stay unchanged.
    """
    shape = shape_of(path)
    first = [row.cells for row in islice(file_rows(path, shape), _LOOKED_AT) if any(row.cells)]
    columns = find_columns(first, {}, wishes=False)
    rows = file_rows(path, shape)
    if columns.header:
        next((row for row in rows if any(row.cells)), None)
    note, now, new, total, wrong = f"import {path.name}", clock.now(), 0, 0, 0
    for chunk in chunks_of(rows, columns, _BATCH):
        for error in chunk.errors:
            bad(error.line, error.value, error.reason, error.remedy)
        wanted = [
            Suppression(one.address, _word(one.fields.get("reason", reason)), note, None, now, by, _left(one, now))
            for one in chunk.entries
        ]
        new += store.suppressions.add_all(wanted)
        total += len(wanted)
        wrong += len(chunk.errors)
    return Imported(new, total - new, wrong)


def export_suppressions(store: Store, out: IO[str]) -> int:
    """Write the list as CSV, such as `import` reads; how many."""
    table = CsvTable(out)
    total = -1
    for row in suppression_rows(store):
        table.writerow(row)
        total += 1
    return total


def suppression_rows(store: Store) -> Iterator[list[str]]:
    """The header and one row an address, newest first."""
    yield ["email", "reason", "since", "by", "note", "ends", LEFT]
    for one in store.suppressions.every():
        ended = "mailings" if one.reason == UNSUBSCRIBED else "everything"
        left = to_iso(one.left_at) if one.left_at is not None else ""
        yield [one.address, one.reason, to_iso(one.at), one.by, one.evidence, ended, left]


def _left(one: ImportRow, now: int) -> int | None:
    """When the address left mailings, by the column of our own export; a time that cannot be read is now."""
    told = one.fields.get(LEFT, "")
    return (from_iso(told) or now) if told else None


def _word(reason: str) -> str:
    word = "_".join(reason.strip().lower().split())
    if not word:
        raise InputError("a suppression needs a reason, such as `manual` or `complained`")
    return word
