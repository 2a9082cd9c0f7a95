"""Forget an address completely, and recognise it by a keyed hash when it comes back.

The wish not to be mailed or tracked stays in force without the address: only the hash is stored. When the address comes
in again (a contact, an import, a message to it), the wish is found by the hash and recorded again before anything is
sent.
"""

import secrets
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from hashlib import blake2b
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection, case, delete, func, literal, select, update

from postlude.model.errors import InputError, StorageError
from postlude.model.named_address import may_name_pattern, names_address
from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.words import ON_ITS_WAY, CopyStatus
from postlude.store.accounts.tables import users
from postlude.store.base import TopicQueries, as_struct, chunks, insert_into, lookup_key
from postlude.store.contacts.erasing import delete_contact
from postlude.store.contacts.leaving import left_any
from postlude.store.contacts.may_leave import has_asked_to_leave
from postlude.store.contacts.rows import Suppression
from postlude.store.contacts.search import MERGE_WORDS
from postlude.store.contacts.suppressions import insert_suppressions, suppression_row
from postlude.store.contacts.tables import contacts, engagement_due, suppressions
from postlude.store.engine import translated
from postlude.store.feedback.queries import does_name, may_name
from postlude.store.feedback.rows import Unmatched
from postlude.store.feedback.tables import quarantined, unmatched
from postlude.store.jobs.tables import job_errors
from postlude.store.messages.tables import copies, copy_activity, links, messages
from postlude.store.privacy.naming_texts import rename_in_texts
from postlude.store.privacy.recording import write_choice
from postlude.store.privacy.tables import data_requests, forget_requests, forgotten, tracking_choices, withdrawals

KEY_OPTION: Final = "postlude_forgotten_key"
"""Execution option of an engine: a function that returns the key of the hashes."""
_HASH_BYTES: Final = 16
_A_NAME: Final = 3
_PAUSES_S: Final = (0.5, 1.0, 2.0)
_ON_ITS_WAY: Final = [status.value for status in ON_ITS_WAY]
_NOT_STARTED: Final = [status for status in _ON_ITS_WAY if status != CopyStatus.SENDING.value]


class KeySource(Protocol):
    """Where the key of the hashes is."""

    def __call__(self, make: bool, /) -> bytes:
        """The key; `make`: it may create one, because there are no hashes yet. SettingError when it is missing."""
        ...


class Forgot(msgspec.Struct, frozen=True):
    """What was forgotten about an address, for the other stores and folders."""

    copies: Sequence[int] = ()
    mails: Sequence[int] = ()
    """Returned mail that a question was open about."""


class ForgetQueries(TopicQueries):
    """Requests to forget, and forgetting in the state."""

    def ask_to_forget(self, address: str, at: int) -> None:
        """Ask the app to forget an address; InputError when it is a user's."""
        key = lookup_key(address)
        with self._database.write() as connection:
            if connection.execute(select(users.c.id).where(func.lower(users.c.address) == key)).first() is not None:
                raise InputError(f"{address} is a user of this server; remove the user first")
            connection.execute(self._insert(forget_requests).values(address=key, at=at).on_conflict_do_nothing())

    def has_hashes(self) -> bool:
        """Whether a hash of a forgotten address is stored, so that its key is needed."""
        with self._database.read() as connection:
            return _any(connection)

    def to_forget(self) -> list[str]:
        """Addresses that are to be forgotten, oldest request first."""
        with self._database.read() as connection:
            query = select(forget_requests.c.address).order_by(forget_requests.c.at)
            return [row[0] for row in connection.execute(query)]

    def copies_to_forget(self, address: str) -> dict[int, int]:
        """The copies that went to it, each with its message if that is a single one, else 0."""
        query = select(copies.c.id, copies.c.message, copies.c.campaign).where(copies.c.address == address)
        with self._database.read() as connection:
            return {row.id: 0 if row.campaign else row.message for row in connection.execute(query)}

    def forget(self, address: str, at: int) -> Forgot:
        """Forget an address in one transaction: copies get a pseudonym, all else of it goes, a keyed hash stays."""
        with self._database.write() as connection:
            remember_wishes(connection, address, at)
            pseudonym = f"forgotten-{secrets.token_hex(8)}@forgotten.invalid"
            forgot = _forget_copies(connection, address, pseudonym, at)
            for (contact,) in connection.execute(select(contacts.c.id).where(contacts.c.address == address)).all():
                delete_contact(connection, contact)
            mails = _forget_feedback(connection, address, forgot.copies)
            # The last one: what is deleted before is noted in it.
            for table in (suppressions, withdrawals, tracking_choices, data_requests, engagement_due):
                connection.execute(delete(table).where(table.c.address == address))
            connection.execute(delete(job_errors).where(_names(job_errors.c.value, address)))
            rename_in_texts(connection, address, pseudonym)
        return msgspec.structs.replace(forgot, mails=mails)

    def forgot(self, address: str) -> None:
        """The request is done in every store and folder."""
        with self._database.write() as connection:
            connection.execute(delete(forget_requests).where(forget_requests.c.address == address))

    def contents_due(self, waiting: Iterable[int]) -> list[int]:
        """The single messages among these with no copy still to be sent."""
        found: list[int] = []
        with self._database.read() as connection:
            for some in chunks(waiting):
                needed = set(connection.execute(_needing(some)).scalars())
                found += [message for message in some if message not in needed]
        return found

    def leave_no_remains(self) -> None:
        """Rewrite the database, so that no page contains deleted data. Takes as long as copying it; SQLite only."""
        if not self._database.sqlite:
            return  # its server reuses the space of deleted rows by itself (autovacuum)
        with translated(self._database.engine), closing(self._database.engine.raw_connection()) as connection:
            # The driver itself: VACUUM wants no transaction around it.
            # The index of contacts keeps the letters of who is gone until it is merged.
            for statement in (MERGE_WORDS, "VACUUM"):
                connection.cursor().execute(statement).fetchall()
            for pause_s in _PAUSES_S:
                if not connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]:
                    return
                time.sleep(pause_s)  # a reader holds what is in the log: it can be emptied after it
        raise StorageError("the log of the state is being read all the time and still names who is forgotten")


def know_again(connection: Connection, addresses: Iterable[str]) -> None:
    """Record again the wishes of forgotten addresses among these (as `address_key` has them)."""
    if not _any(connection):
        return
    key = _key(connection)
    by_hash = {hash_of(key, address): address for address in addresses}
    for some in chunks(by_hash):
        for row in connection.execute(select(forgotten).where(forgotten.c.hash.in_(some))).all():
            address = by_hash[bytes(row.hash)]
            if row.reason:
                known = Suppression(address, row.reason, "before forgotten", at=row.at, left_at=row.left_at)
                insert_suppressions(connection, [suppression_row(known)])
            if row.opens or row.clicks:
                allowed = {"opens": not row.opens, "clicks": not row.clicks}
                write_choice(connection, address, row.at, **allowed, evidence="before it was forgotten")
            connection.execute(delete(forgotten).where(forgotten.c.hash == row.hash))


def hash_of(key: bytes, address: str) -> bytes:
    """The hash of a forgotten address: useless without the key."""
    return blake2b(address.encode(), key=key, digest_size=_HASH_BYTES, person=b"forgotten").digest()


def _any(connection: Connection) -> bool:
    return connection.execute(select(forgotten.c.at).limit(1)).first() is not None


def _key(connection: Connection, *, make: bool = False) -> bytes:
    given: KeySource | None = connection.get_execution_options().get(KEY_OPTION)
    if given is None:
        raise StorageError(
            "addresses were forgotten in this store, and the key of their hashes is not loaded: open the store with it"
        )
    return given(make)


def remember_wishes(connection: Connection, address: str, at: int) -> None:
    """Store an address's wishes under its hash, before its rows are deleted."""
    listed = connection.execute(
        select(suppressions.c.reason, suppressions.c.left_at).where(suppressions.c.address == address)
    ).first()
    left = select(contacts.c.id).where(contacts.c.address == address, left_any())
    asks = select(has_asked_to_leave(literal(address)))
    left_at = listed.left_at if listed else None
    if left_at is None and (connection.execute(left).first() is not None or connection.execute(asks).scalar()):
        left_at = at
    reason = listed.reason if listed else UNSUBSCRIBED if left_at is not None else ""
    statements = connection.execute(
        select(withdrawals.c.opens, withdrawals.c.clicks).where(withdrawals.c.address == address)
    ).first()
    opens, clicks = statements or (False, False)
    if reason or opens or clicks:
        key = _key(connection, make=not _any(connection))
        row = {"hash": hash_of(key, address), "at": at, "reason": reason, "opens": opens, "clicks": clicks}
        row["left_at"] = left_at
        insert = insert_into(connection.dialect, forgotten).values(row)
        new = {name: insert.excluded[name] for name in ("at", "reason", "opens", "clicks", "left_at")}
        connection.execute(insert.on_conflict_do_update(index_elements=["hash"], set_=new))


def _forget_copies(connection: Connection, address: str, pseudonym: str, at: int) -> Forgot:
    rows = connection.execute(
        select(copies.c.id, copies.c.message, copies.c.campaign).where(copies.c.address == address)
    ).all()
    if not rows:
        return Forgot()
    ended = case((copies.c.status.in_(_NOT_STARTED), CopyStatus.SUPPRESSED.value), else_=copies.c.status)
    connection.execute(
        update(copies)
        .where(copies.c.address == address)
        .values(recipient=pseudonym, address=pseudonym, contact=None, list=None)
        .values(text="", orcpt="", remote_id="", status=ended, next_attempt_at=None)
    )
    for some in chunks([row.id for row in rows]):
        connection.execute(update(copy_activity).where(copy_activity.c.copy.in_(some)).values(hits=None))
    write_choice(connection, pseudonym, at, opens=False, clicks=False, evidence="forgotten")
    words = _names_of(connection, address)
    for some in chunks({row.message for row in rows if not row.campaign}):
        for word in words:  # what others got as well stays, but for where it names them
            named = _names(messages.c.subject, word)
            connection.execute(update(messages).where(messages.c.id.in_(some), named).values(subject=""))
            named = _names(links.c.url, word) | _names(links.c.label, word)
            connection.execute(update(links).where(links.c.message.in_(some), named).values(url="", label=""))
        others = select(copies.c.message).where(copies.c.message.in_(some), copies.c.address != pseudonym)
        shared = set(connection.execute(others).scalars())
        alone = [message for message in some if message not in shared]
        connection.execute(update(messages).where(messages.c.id.in_(alone)).values(subject="", envid=""))
    return Forgot([row.id for row in rows])


def _names_of(connection: Connection, address: str) -> list[str]:
    """Words that identify a person: the address, and the words of the name that are long enough."""
    names = connection.execute(select(contacts.c.name).where(contacts.c.address == address)).scalars()
    words = {word.lower() for name in names for word in name.split() if len(word) >= _A_NAME}
    return [address, *sorted(words)]


def _needing(wanted: Sequence[int]) -> Any:  # noqa: ANN401 - a query
    """The messages among these with a copy still to be sent."""
    return select(copies.c.message).where(copies.c.message.in_(wanted), copies.c.status.in_(_ON_ITS_WAY)).distinct()


def _forget_feedback(connection: Connection, address: str, wanted: Sequence[int]) -> list[int]:
    rows = [as_struct(Unmatched, row) for row in connection.execute(select(unmatched).where(may_name(address)))]
    named = [one.id for one in rows if does_name(one, address)]
    about = [unmatched.c.id.in_(some) for some in chunks(named)]
    about += [unmatched.c.copy.in_(some) for some in chunks(wanted)]
    mails: list[int] = []
    for condition in about:
        mails += connection.execute(select(unmatched.c.mail).where(condition)).scalars()
        connection.execute(delete(unmatched).where(condition))
    unread = connection.execute(select(quarantined).execution_options(yield_per=1000))
    for row in [row[:3] for row in unread if names_address(bytes(row.data).decode("utf-8", "replace"), address)]:
        place = (quarantined.c.writer, quarantined.c.segment, quarantined.c.offset)
        same = [column == value for column, value in zip(place, row, strict=True)]
        connection.execute(delete(quarantined).where(*same))
    return [mail for mail in mails if mail]


def _names(column: Any, address: str) -> Any:  # noqa: ANN401 - a column, a condition
    return column.regexp_match(may_name_pattern(address))
