"""Many contacts at once: one transaction a batch, with the job's place in the file inside it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any, Final, Literal, NamedTuple, Protocol

import msgspec
from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, cast, false, func, literal, or_, select, update

from postlude.kit.ids import OrderedIds, new_id
from postlude.model.contact_fields import EMPTY, FIELD_NAMES
from postlude.model.stated_wish import NO_WISH, StatedWish
from postlude.model.words import Consent, Purpose
from postlude.store.base import PreparedStatement, TopicQueries, chunks, storable
from postlude.store.columns import Big
from postlude.store.contacts.consent import COLUMNS
from postlude.store.contacts.leaving import has_left, left_the_list
from postlude.store.contacts.put_back import join_named_lists
from postlude.store.contacts.stated_wishes import (
    FileOrigin,
    StatedBy,
    end_mail,
    newly_ended,
    record_consents,
    record_withdrawals,
    who_left_here,
)
from postlude.store.contacts.tables import (
    consents,
    contact_fields,
    contact_tags,
    contacts,
    list_members,
    suppressions,
    tags,
)
from postlude.store.jobs.queries import add_errors, note_beat
from postlude.store.jobs.rows import Beat, JobError
from postlude.store.privacy.forgotten import know_again
from postlude.store.privacy.tables import withdrawals

_IDS: Final = OrderedIds()
# A batch touches every page of the address index: with SQLite's own 2 MB most would be written several times.
_ROOMY: Final = "PRAGMA cache_size = -98304"
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_LOOKED_UP: Final = (
    contacts.c.id,
    contacts.c.address,
    contacts.c.spelled,
    cast(contacts.c.fields, Text).label("fields"),  # as text: most rows of a file are found to be known as they are
    *(contacts.c[name] for name in FIELD_NAMES),
    contacts.c.job,
    *(contacts.c[column] for column in COLUMNS.values()),
)


class ImportRow(NamedTuple):
    """One good row of a file."""

    address: str
    """In lower case."""
    spelled: str
    fields: Mapping[str, str] = {}
    """Only those that have a value."""
    own: tuple[str, ...] = EMPTY
    """Values of CONTACT_FIELDS, in order."""
    tags: Sequence[str] = ()
    lists: Sequence[str] = ()
    """Names; of an export of ours, as source and time."""
    source: str = ""
    created_at: int = 0
    stated: StatedWish = NO_WISH
    """What the row itself states of wishes."""


@dataclass
class Intake:
    """Options for every row of one import."""

    job: int
    owner: str
    at: int
    source: str
    policy: Literal["update", "fill", "skip"]
    """A known contact: the file's values replace, fill what is empty, or change nothing."""
    lists: Sequence[int] = ()
    tags: Sequence[int] = ()
    purposes: Sequence[Purpose] = ()
    """The consent of all contacts in the file, proven by `proof`."""
    proof: int = 0
    told: int = 0
    """The proof for what rows state themselves."""
    exported: bool = False
    """It is an export of ours: what rows state as given is proven by it, and they name their lists."""
    by: str = ""
    agreed: bool = False
    """It is told where and when people agreed."""
    dry: bool = False
    """Look and count, write only the job's own rows."""
    tag_ids: dict[str, int] = field(default_factory=dict)
    list_ids: dict[str, int] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    """In a dry run: hashes of the addresses that would exist by now."""


class BeatOf(Protocol):
    """Makes a job's new state."""

    def __call__(self, counts: Mapping[str, int], /) -> Beat:
        """From the counts of a batch, by name."""
        ...


class BulkImport(TopicQueries):
    """Queries of imports."""

    def know_fields(self, names: Iterable[str]) -> None:
        """Remember the names of custom fields."""
        rows = [{"name": storable(name)} for name in names]
        if rows:
            with self._database.write() as connection:
                connection.execute(self._insert(contact_fields).on_conflict_do_nothing(), rows)

    def import_batch(
        self,
        intake: Intake,
        entries: Sequence[ImportRow],
        errors: Sequence[JobError],
        beat: BeatOf,
    ) -> str:
        """Import one batch, all or nothing. Returns the wish for the job; `lost` when another process has it.

        `beat` makes the job's new state from the counts: `added`, `updated`, `unchanged`, `repeated` (the same address
        earlier in the file), `suppressed` (kept, but never mailed), `left` (unsubscribed before, stays so), `withdrawn`
        and `ended` (as the rows state), `unproven` (consent the rows state without a proof: not recorded).
        """
        counts: Counter[str] = Counter()
        merged = _once(entries, intake.policy, counts)
        with self._database.write() as connection:
            if self._database.sqlite:
                connection.exec_driver_sql(_ROOMY)
            if not intake.dry:
                know_again(connection, merged)
            if intake.dry:
                known = self._known_contacts(connection, merged)
                _would_add(intake, merged.keys() - known.keys(), counts)
                ids = range(0)
            else:
                ids, known = self._add_new(connection, intake, merged, counts)
            changed = [c for row in known.values() if (c := _change(intake, merged[row.address], row, counts))]
            counts["suppressed"] += self._count_suppressed(connection, merged)
            rows = _Rows(merged, ids, known)
            people = list(rows.stated())
            leaving = who_left_here(connection, people)
            _count_stated(intake, people, known, counts)
            counts["ended"] += newly_ended(connection, leaving)
            if merged and not intake.dry:
                if changed:
                    connection.execute(_CHANGE, changed)
                record_withdrawals(connection, people, _origin(intake))
                self._apply(connection, intake, rows, counts)
                given = [one for one in people if intake.policy != "skip" or not one.known]
                record_consents(connection, given, _origin(intake))
                end_mail(connection, leaving, _origin(intake), intake.by)
            add_errors(connection, intake.job, errors)
            wanted = note_beat(connection, beat(counts), intake.owner)
            if wanted == "lost":
                connection.rollback()
        return wanted

    def _apply(self, connection: Connection, intake: Intake, rows: "_Rows", counts: Counter[str]) -> None:
        """Lists, tags and consents that the import has for all rows; of an export of ours its lists."""
        groups = _groups(intake, rows.ids, rows.known)
        self._join_lists(connection, intake, groups, counts)
        self._put_tags(connection, intake, groups, _own_tags(rows.merged, rows.ids, rows.known))
        self._note_consents(connection, intake, groups)
        if intake.exported:
            people = [one for one in rows.people() if intake.policy != "skip" or one[0].address not in rows.known]
            named = ((name, contact) for entry, contact in people for name in entry.lists)
            join_named_lists(connection, named, intake.list_ids, intake.at, intake.source)

    @cached_property
    def _insert_contacts(self) -> PreparedStatement:
        statement = self._insert(contacts).on_conflict_do_nothing()
        return PreparedStatement(statement, contacts, self._database.engine.dialect)

    @cached_property
    def _insert_tags(self) -> PreparedStatement:
        statement = self._insert(contact_tags).on_conflict_do_nothing()
        return PreparedStatement(statement, contact_tags, self._database.engine.dialect)

    def _add_new(
        self, connection: Connection, intake: Intake, merged: Mapping[str, ImportRow], counts: Counter[str]
    ) -> tuple[range, dict[str, Any]]:
        """Add who is new; the ids that were given, in the order of the entries, and the rows of those who were there.

        Tried first and looked up afterwards: most imports bring new people, and the unique index looks anyway.
        """
        ids = _IDS.take(intake.at, len(merged))
        new = self._insert_contacts.run(connection, _contact_rows(intake, merged.values(), ids))
        counts["added"] += new
        if new == len(merged):
            return ids, {}
        ours = select(contacts.c.address).where(*_given(intake, ids))
        return ids, self._known_contacts(connection, merged.keys() - {row[0] for row in connection.execute(ours)})

    def _known_contacts(self, connection: Connection, merged: Iterable[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for some in chunks(merged):
            query = select(*_LOOKED_UP).where(contacts.c.address.in_(some))
            found.update({row.address: row for row in connection.execute(query)})
        return found

    def _count_suppressed(self, connection: Connection, merged: Iterable[str]) -> int:
        if connection.execute(select(suppressions.c.address).limit(1)).first() is None:
            return 0
        total = 0
        for some in chunks(merged):
            query = select(func.count()).select_from(suppressions).where(suppressions.c.address.in_(some))
            total += int(connection.execute(query).scalar_one())
        return total

    def _join_lists(self, connection: Connection, intake: Intake, groups: Sequence[Any], counts: Counter[str]) -> None:
        """Subscribe them; contacts who left a list or were asked to confirm stay as they are.

        A contact who left another list and is subscribed to none is not subscribed by an import either: only the
        contact can reverse that.
        """
        names = ["list", "contact", "status", "source", "subscribed_at"]
        for list_id in intake.lists:
            for group in groups:
                values = (literal(list_id, Big), contacts.c.id, literal("subscribed"), literal(intake.source))
                rows = select(*values, literal(intake.at, Big)).where(group, ~has_left())
                connection.execute(self._insert(list_members).from_select(names, rows).on_conflict_do_nothing())
            gone = left_the_list(contacts.c.id, list_id)
            for group in groups[1:]:
                out = select(func.count()).select_from(contacts).where(group, or_(gone, has_left()))
                counts["left"] += int(connection.execute(out).scalar_one())

    def _put_tags(
        self, connection: Connection, intake: Intake, groups: Sequence[Any], own: Iterable[tuple[str, int]]
    ) -> None:
        for tag in intake.tags:
            for group in groups:
                rows = select(literal(tag, Big), contacts.c.id).where(group)
                statement = self._insert(contact_tags).from_select(["tag", "contact"], rows)
                connection.execute(statement.on_conflict_do_nothing())
        tagged = []
        for name, contact in own:
            tag_id = intake.tag_ids.get(name)
            if tag_id is None:
                tag_id = intake.tag_ids[name] = self._tag_called(connection, name)
            tagged.append({"tag": tag_id, "contact": contact})
        self._insert_tags.run(connection, tagged)

    def _tag_called(self, connection: Connection, name: str) -> int:
        statement = self._insert(tags).values(id=new_id(), name=name, key=name.lower())
        connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
        return int(connection.execute(select(tags.c.id).where(tags.c.key == name.lower())).scalar_one())

    def _note_consents(self, connection: Connection, intake: Intake, groups: Sequence[Any]) -> None:
        """Record the proven consent, except for contacts with a choice: a file never overrides a person."""
        names = ["contact", "purpose", "at", "state", "proof"]
        for purpose in intake.purposes:
            column = contacts.c[COLUMNS[purpose]]
            if purpose in _OFF:
                off = contacts.c.address.in_(select(withdrawals.c.address).where(_OFF[purpose]))
                for group in groups:
                    connection.execute(update(contacts).where(group, off).values({column.name: _WITHDRAWN}))
            for number, group in enumerate(groups):
                silent = [group, column == ""] if number else [group, column != _WITHDRAWN]  # the new ones came with it
                values = (contacts.c.id, literal(purpose.value), literal(intake.at, Big))
                rows = select(*values, literal(Consent.GIVEN.value), literal(intake.proof, Big)).where(*silent)
                connection.execute(self._insert(consents).from_select(names, rows).on_conflict_do_nothing())
                if number:
                    now = {column.name: Consent.GIVEN.value, "updated_at": intake.at}
                    connection.execute(update(contacts).where(*silent).values(now))


_WITHDRAWN: Final = Consent.WITHDRAWN.value
_OFF: Final = {Purpose.OPENS: withdrawals.c.opens, Purpose.CLICKS: withdrawals.c.clicks}
_MEMBER: Final = list_members.c.contact
_CHANGE: Final = (
    update(contacts)
    .where(contacts.c.id == bindparam("the_contact"))
    .values(
        spelled=bindparam("new_spelled"),
        fields=bindparam("new_fields"),
        **{name: bindparam(f"new_{name}") for name in FIELD_NAMES},
        updated_at=bindparam("new_updated_at"),
        job=bindparam("new_job"),
    )
)


def _once(entries: Iterable[ImportRow], policy: str, counts: Counter[str]) -> dict[str, ImportRow]:
    """Each address once: a later row of the same file counts as one that met a known contact."""
    merged: dict[str, ImportRow] = {}
    for entry in entries:
        earlier = merged.setdefault(entry.address, entry)
        if earlier is not entry:
            counts["repeated"] += 1
            merged[entry.address] = _met(earlier, entry, policy)
    return merged


def _met(old: ImportRow, new: ImportRow, policy: str) -> ImportRow:
    both = tuple(dict.fromkeys((*old.tags, *new.tags)))
    stated = old.stated.joined(new.stated)
    if policy == "skip":
        return old._replace(tags=both, stated=stated)
    first, second = (new, old) if policy == "update" else (old, new)
    return first._replace(
        address=old.address,
        fields={**second.fields, **first.fields},
        own=tuple(map(_either, first.own, second.own)),
        tags=both,
        stated=stated,
    )


def _either(first: str, second: str) -> str:
    return first or second


def _given(intake: Intake, ids: range) -> list[ColumnElement[bool]]:
    """Contacts that were added with these ids."""
    return [contacts.c.id.between(ids[0], ids[-1]), contacts.c.job == intake.job] if ids else [false()]


def _groups(intake: Intake, ids: range, known: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Conditions for all contacts in the batch: the new ones, then the known ones in pieces.

    The database writes the common values itself, row by row in C.
    """
    pieces = chunks(row.id for row in known.values())
    return [and_(*_given(intake, ids)), *(contacts.c.id.in_(some) for some in pieces)]


def _own_tags(
    merged: Mapping[str, ImportRow], ids: Iterable[int], known: Mapping[str, Any]
) -> Iterator[tuple[str, int]]:
    """Tags that rows of the file have themselves, with the contact."""
    for (address, entry), number in zip(merged.items(), ids, strict=True):
        for name in entry.tags:
            yield name, known[address].id if address in known else number


def _contact_rows(intake: Intake, entries: Iterable[ImportRow], ids: Iterable[int]) -> list[dict[str, Any]]:
    given = dict.fromkeys(COLUMNS.values(), "")
    given |= {COLUMNS[purpose]: Consent.GIVEN.value for purpose in intake.purposes}
    shared = {"source": intake.source, **given, "created_at": intake.at, "updated_at": intake.at, "job": intake.job}
    return [
        {
            "id": contact,
            "address": entry.address,
            "spelled": entry.spelled,
            "fields": _encode(entry.fields).decode() if entry.fields else "{}",
            **dict(zip(FIELD_NAMES, entry.own, strict=True)),
            **shared,
            **_own_origin(entry),
        }
        for contact, entry in zip(ids, entries, strict=True)
    ]


def _own_origin(entry: ImportRow) -> dict[str, Any]:
    """A contact's source in an export of ours."""
    return {"source": storable(entry.source), "created_at": entry.created_at} if entry.created_at else {}


class _Rows(NamedTuple):
    """The rows of a batch with their contacts."""

    merged: Mapping[str, ImportRow]
    ids: range
    """In a dry run there are none."""
    known: Mapping[str, Any]

    def people(self) -> Iterator[tuple[ImportRow, int]]:
        """Each row and its contact; 0: it would be new."""
        for (address, entry), number in zip(self.merged.items(), self.ids or repeat(0), strict=False):
            yield entry, self.known[address].id if address in self.known else number

    def stated(self) -> Iterator[StatedBy]:
        """Of the rows that state a wish."""
        for entry, contact in self.people():
            if entry.stated is not NO_WISH:
                yield StatedBy(contact, entry.address, entry.address in self.known, entry.stated)


def _origin(intake: Intake) -> FileOrigin:
    return FileOrigin(intake.at, intake.source, intake.told, intake.told if intake.exported else intake.proof)


def _count_stated(intake: Intake, people: Iterable[StatedBy], known: Mapping[str, Any], counts: Counter[str]) -> None:
    """How many withdraw what was not withdrawn, and of how many a consent is stated that cannot be recorded."""
    proven = intake.exported or bool(intake.proof) or bool(intake.dry and intake.agreed)
    for one in people:
        row = known.get(one.address)
        was = {purpose: getattr(row, column) if row else "" for purpose, column in COLUMNS.items()}
        changed = {state for purpose, state in one.stated.states().items() if was[purpose] != state.value}
        counts["withdrawn"] += Consent.WITHDRAWN in changed
        counts["unproven"] += not proven and Consent.GIVEN in changed and Consent.WITHDRAWN.value not in was.values()


def _would_add(intake: Intake, new: Iterable[str], counts: Counter[str]) -> None:
    for number in map(hash, new):
        counts["repeated" if number in intake.seen else "added"] += 1
        intake.seen.add(number)


def _change(intake: Intake, entry: ImportRow, row: Any, counts: Counter[str]) -> dict[str, Any] | None:  # noqa: ANN401 - a row
    fields = _encode(entry.fields).decode() if entry.fields else "{}"
    new = entry
    kept = tuple([getattr(row, name) for name in FIELD_NAMES])
    same = (entry.spelled, fields, entry.own) == (row.spelled, row.fields, kept)
    if not same:
        old = ImportRow(entry.address, row.spelled, _decode(row.fields), kept)
        new = _met(old, entry, intake.policy)
        same = new[:4] == old[:4]
    if row.job == intake.job:
        counts["repeated"] += 1
    else:
        counts["unchanged" if same else "updated"] += 1
    if same:
        return None
    return {
        "the_contact": row.id,
        "new_spelled": new.spelled,
        "new_fields": dict(new.fields),
        **{f"new_{name}": value for name, value in zip(FIELD_NAMES, new.own, strict=True)},
        "new_updated_at": intake.at,
        "new_job": intake.job,
    }
