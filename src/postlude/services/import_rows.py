"""From rows of text to contacts and errors. Pure; the hot loop of an import."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple
from zoneinfo import available_timezones

from postlude.model.address import AddressError, read_mailbox
from postlude.services.contact_columns import Columns
from postlude.services.contact_file import Row
from postlude.store.importing import Entry
from postlude.store.rows_contacts import JobError

MAX_CELL: Final = 10_000
"""Characters of one custom field: a longer cell is a file that was read wrongly."""
_SEVERAL: Final = re.compile(r"[,;|]")


class Chunk(NamedTuple):
    """Some rows, sorted into good and bad."""

    entries: list[Entry]
    errors: list[JobError]
    end: int
    """The last line that was read: the next record begins behind it."""
    blank: int
    """Rows without anything in them."""


def chunks_of(rows: Iterable[Row], columns: Columns, size: int) -> Iterator[Chunk]:
    """Read `size` rows at a time."""
    read = _Reader(columns)
    entries: list[Entry] = []
    errors: list[JobError] = []
    count, blank, end = 0, 0, 0
    for row in rows:
        line, end = row.line, row.end
        count += 1
        if row.reason:
            errors.append(JobError(line=line, reason=row.reason, remedy=row.remedy))
        elif not any(row.cells):
            blank += 1
        else:
            read(row, entries, errors)
        if count == size:
            yield Chunk(entries, errors, end, blank)
            entries, errors, count, blank = [], [], 0, 0
    if count:
        yield Chunk(entries, errors, end, blank)


class _Reader:
    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._fields = tuple(columns.fields.items())
        self._zones = {name.lower(): name for name in available_timezones()} if columns.time_zone >= 0 else {}

    def __call__(self, row: Row, entries: list[Entry], errors: list[JobError]) -> None:
        columns, cells = self._columns, row.cells
        have = len(cells)
        text = cells[columns.email] if columns.email < have else ""
        try:
            mailbox = read_mailbox(text)
        except AddressError as error:
            column = columns.names[columns.email]
            errors.append(
                JobError(line=row.line, column=column, value=text[:200], reason=error.reason, remedy=error.remedy)
            )
            return
        fields = {}
        for index, name in self._fields:
            if index < have and (value := cells[index].strip()):
                if len(value) > MAX_CELL:
                    errors.append(_too_long(row.line, columns.names[index], value))
                    return
                fields[name] = value.replace("\0", "\ufffd") if "\0" in value else value
        spelled = mailbox.spelled
        zone = ""
        if (wanted := _cell(cells, columns.time_zone)) and not (zone := self._zones.get(wanted.lower(), "")):
            errors.append(_no_zone(row.line, columns.names[columns.time_zone], wanted))
            return
        tags = _tags(_cell(cells, columns.tags)) if columns.tags >= 0 else ()
        entries.append(Entry(spelled.lower(), spelled, self._name(cells) or mailbox.name, fields, zone, tags))

    def _name(self, cells: Sequence[str]) -> str:
        columns = self._columns
        name = _cell(cells, columns.name)
        if not name and (columns.given >= 0 or columns.family >= 0):
            name = f"{_cell(cells, columns.given)} {_cell(cells, columns.family)}".strip()
        return name


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index].strip().replace("\0", "") if 0 <= index < len(cells) else ""


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for part in _SEVERAL.split(text) if (tag := part.strip())))


def _too_long(line: int, column: str, value: str) -> JobError:
    reason, remedy = f"{len(value):,} characters in one cell", "look for a quotation mark that is not closed before it"
    return JobError(line=line, column=column, value=value[:200], reason=reason, remedy=remedy)


def _no_zone(line: int, column: str, value: str) -> JobError:
    reason, remedy = "no time zone", "write an IANA name such as Europe/Berlin, or leave it empty"
    return JobError(line=line, column=column, value=value[:200], reason=reason, remedy=remedy)
