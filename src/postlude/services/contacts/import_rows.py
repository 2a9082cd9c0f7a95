"""From rows of text to contacts and errors. Pure; the hot loop of an import."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from postlude.kit.clock import from_iso
from postlude.model.address import AddressError, is_plain_address, read_mailbox
from postlude.model.contact_fields import CONTACT_FIELDS, FIELD_NAMES
from postlude.model.domain_name import address_key
from postlude.model.stated_wish import NO_WISH, StatedWish
from postlude.model.words import Purpose
from postlude.services.contacts.cell_words import split_cell
from postlude.services.contacts.columns import Columns
from postlude.services.contacts.file_reader import FileRow
from postlude.services.contacts.wish_columns import clear_wish, read_wish
from postlude.store.contacts.bulk_import import ImportRow
from postlude.store.jobs.rows import JobError

MAX_CELL: Final = 10_000
"""Characters of one custom field: a longer cell is a file that was read wrongly."""
_NOT_KNOWN: Final = "import these people without --consent, or leave the column out with --map COLUMN=-"
_SPLIT: Final = "look for a quotation mark that is not closed before it"


class Chunk(NamedTuple):
    """Some rows, sorted into good and bad."""

    entries: list[ImportRow]
    errors: list[JobError]
    end: int
    """The last line that was read: the next record begins behind it."""
    blank: int
    """Rows without anything in them."""


def chunks_of(
    rows: Iterable[FileRow], columns: Columns, size: int, agreed: Collection[Purpose] = ()
) -> Iterator[Chunk]:
    """Read `size` rows at a time. `agreed`: what all people in the file agreed to, as its importer states."""
    read = _Reader(columns, agreed)
    entries: list[ImportRow] = []
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


class _NotTakenError(Exception):
    """A row that is not taken: column, value, reason, remedy."""


class _Reader:
    def __init__(self, columns: Columns, agreed: Collection[Purpose]) -> None:
        self._columns = columns
        self._agreed = agreed
        self._stated = tuple(columns.stated().items())
        self._fields = tuple(columns.fields.items())
        self._parts = [columns.fields[index] for index in (columns.given, columns.family) if index >= 0]
        self._own = [(field, columns.own[field.name]) for field in CONTACT_FIELDS if field.name in columns.own]

    def __call__(self, row: FileRow, entries: list[ImportRow], errors: list[JobError]) -> None:
        columns, cells = self._columns, row.cells
        try:
            address, spelled, name = self._address(cells)
            fields = self._fields_of(cells)
            own = self._own_fields(cells)
            stated = self._wishes(cells) if self._stated or columns.doubtful else NO_WISH
        except _NotTakenError as error:
            errors.append(_wrong(row.line, *error.args))
            return
        if not own.get("name"):
            own["name"] = self._name(fields) or name
        tags = split_cell(_cell(cells, columns.tags)) if columns.tags >= 0 else ()
        entry = ImportRow(address, spelled, fields, tuple([own.get(one, "") for one in FIELD_NAMES]), tags)
        if columns.exported:
            entry = _told(entry, cells, columns)
        entries.append(entry if stated is NO_WISH else entry._replace(stated=stated))

    def _address(self, cells: Sequence[str]) -> tuple[str, str, str]:
        """The key, the spelling, and the name beside it."""
        column = self._columns.email
        text = cells[column] if column < len(cells) else ""
        if is_plain_address(text):
            return text, text, ""
        try:
            spelled, name = read_mailbox(text)
        except AddressError as error:
            raise _NotTakenError(self._columns.names[column], text, error.reason, error.remedy) from error
        return address_key(spelled), spelled, name

    def _fields_of(self, cells: Sequence[str]) -> dict[str, str]:
        fields, exact = {}, self._columns.exported
        for index, title in self._fields:
            if index < len(cells) and (value := cells[index] if exact else cells[index].strip()):
                fields[title] = value
        if (bad := max(map(len, fields.values()), default=0)) > MAX_CELL:
            index, title = next(one for one in self._fields if len(fields.get(one[1], "")) == bad)
            reason = f"{bad:,} characters in one cell"
            raise _NotTakenError(self._columns.names[index], fields[title], reason, _SPLIT)
        return fields

    def _own_fields(self, cells: Sequence[str]) -> dict[str, str]:
        own: dict[str, str] = {}
        for field, index in self._own:
            if text := _cell(cells, index):
                try:
                    own[field.name] = field.parse(text)
                except ValueError as error:
                    reason, _, remedy = str(error).partition("; ")
                    raise _NotTakenError(self._columns.names[index], text, reason, remedy) from error
        return own

    def _wishes(self, cells: Sequence[str]) -> StatedWish:
        """What the cells state of wishes."""
        stated = NO_WISH
        for index, wish in self._stated:
            if not (text := _cell(cells, index)):
                continue
            column = self._columns.names[index]
            try:
                stated = stated.joined(read_wish(wish, text))
            except ValueError as error:
                reason, _, remedy = str(error).partition("; ")
                raise _NotTakenError(column, text, reason, remedy) from error
            if unknown := stated.open_question.intersection(self._agreed):
                reason = f"whether they agreed to {min(unknown)} is not known, and --consent claims that they did"
                raise _NotTakenError(column, text, reason, _NOT_KNOWN)
        for index in self._columns.doubtful:
            if (clear := clear_wish(_cell(cells, index))) is not NO_WISH:
                stated = stated.joined(clear)
        return NO_WISH if stated == NO_WISH else stated

    def _name(self, fields: Mapping[str, str]) -> str:
        """A name in two columns."""
        return " ".join([fields[part] for part in self._parts if part in fields]) if self._parts else ""


def _told(entry: ImportRow, cells: Sequence[str], columns: Columns) -> ImportRow:
    """With the columns that only an export of ours has."""
    created = _cell(cells, columns.created)
    return entry._replace(
        lists=split_cell(_cell(cells, columns.lists)),
        source=_cell(cells, columns.source),
        created_at=from_iso(created) if created else 0,
    )


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index].strip() if 0 <= index < len(cells) else ""


def _wrong(line: int, column: str, value: str, reason: str, remedy: str) -> JobError:
    return JobError(line=line, column=column, value=value[:200], reason=reason, remedy=remedy)
