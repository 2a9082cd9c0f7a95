"""The digest's one transaction a batch: rows, projections and the journal position together."""

from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from postlude.model.journal_position import JournalPosition
from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.words import MAY_GO_AGAIN, CampaignStatus, CopyStatus, MemberStatus, SendOutcome
from postlude.store.base import PreparedStatement, TopicQueries, chunks, lookup_key, storable
from postlude.store.campaigns.tables import campaigns
from postlude.store.contacts.engagement import EngagementQueries
from postlude.store.contacts.lists import Lists, end_memberships
from postlude.store.contacts.rows import CopySuppression, Suppression
from postlude.store.contacts.suppressions import insert_suppressions, suppression_row
from postlude.store.contacts.tables import list_members
from postlude.store.digest.correct import correct
from postlude.store.digest.facets import Facets, drop_facets, fold_counts, fold_facets, merge_facets
from postlude.store.digest.feed import WORKSPACE, FeedEntry, next_number, pack_entry
from postlude.store.digest.hours import fold_hours, merge_hours
from postlude.store.digest.projection import fold_events, merge_copies, merge_links
from postlude.store.digest.rows import Batch
from postlude.store.digest.settle_indeterminate import settle_indeterminate
from postlude.store.digest.tables import feed, notices, outcomes, seen
from postlude.store.engine import Database
from postlude.store.feedback.rows import QuarantinedRecord, Unmatched
from postlude.store.feedback.tables import quarantined, unmatched
from postlude.store.integrity import early_results as early
from postlude.store.integrity.tables import early_results
from postlude.store.journals.sending_pause import generation_of, is_paused, pause_now
from postlude.store.journals.tables import journal_labels, positions
from postlude.store.messages.columns import link_row, message_row
from postlude.store.messages.content import note_content
from postlude.store.messages.copy_states import add_up
from postlude.store.messages.rows import Alias, AttemptResult, Copy, JournalState
from postlude.store.messages.tables import (
    copies,
    copy_activity,
    copy_hours,
    link_activity,
    links,
    message_aliases,
    message_clients,
    message_hours,
    messages,
    workers,
)
from postlude.store.privacy.forgotten import know_again
from postlude.store.privacy.queries import PrivacyQueries
from postlude.store.settings import settings

_STATUS: Final = {
    SendOutcome.ACCEPTED: CopyStatus.SENT,
    SendOutcome.DEFERRED: CopyStatus.DEFERRED,
    SendOutcome.REJECTED: CopyStatus.REJECTED,
    SendOutcome.INDETERMINATE: CopyStatus.INDETERMINATE,
    SendOutcome.EXPIRED: CopyStatus.EXPIRED,
    SendOutcome.SUPPRESSED: CopyStatus.SUPPRESSED,
}
_LEAST_ENGAGED: Final = 50
_EVENTS_AN_ENGAGED: Final = 10
"""Contacts whose engagement is computed with a batch: all of an ordinary one, and a bounded share of a flood's work."""
_MAY_WAIT: Final = frozenset({SendOutcome.DEFERRED, SendOutcome.INDETERMINATE})


class DigestQueries(TopicQueries):
    """Writes of the digest, and its positions."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._lists = Lists(database)
        self._privacy = PrivacyQueries(database)
        self._engagement = EngagementQueries(database)

    def positions(self) -> dict[int, JournalPosition]:
        """By writer: earlier records are in these tables."""
        with self._database.read() as connection:
            return {
                row.writer: JournalPosition(row.segment, row.offset) for row in connection.execute(select(positions))
            }

    def outcomes(self) -> dict[str, int]:
        """How many journal records ended in which outcome, since the beginning."""
        with self._database.read() as connection:
            return {row.name: row.total for row in connection.execute(select(outcomes))}

    def seen(self, fingerprint: bytes) -> int:
        """The journal record that reported this first; 0 when none did."""
        with self._database.read() as connection:
            row = connection.execute(select(seen.c.record).where(seen.c.fingerprint == fingerprint)).first()
        return 0 if row is None else int(row[0])

    def apply(self, batch: Batch) -> FeedEntry:
        """Add one batch, durably, all of it or nothing; returns what the feed says of it.

        The caller never passes the same records twice.

        Idempotent all the same for submissions, attempts, aliases and suppressions; only counters would add up.
        """
        entry = FeedEntry(events=[*batch.events, *batch.corrections.after], erase=batch.erase, remove=batch.remove)
        body = pack_entry(entry) if entry.events or entry.erase or entry.remove else b""
        with self._database.write() as connection:
            for step in (
                self._take,
                self._know_workers,
                self._begin,
                self._attempts,
                self._resend,
                self._aliases,
                self._rebuild,
                self._project,
                self._correct,
                self._take_notices_out,
                self._suppress,
                self._choose,
                self._confirm,
                self._ask,
                self._keep,
                self._note,
            ):
                step(connection, batch)
            add_up(connection)
            self._engagement.settle(connection, batch.at, _LEAST_ENGAGED + len(batch.events) // _EVENTS_AN_ENGAGED)
            return self._feed(connection, entry, body, batch.at)

    def _feed(self, connection: Connection, entry: FeedEntry, body: bytes, at: int) -> FeedEntry:
        first = next_number(connection)
        if body:
            row = {"first": first, "workspace": WORKSPACE, "count": entry.count, "at": at, "body": body}
            connection.execute(self._insert(feed), row)
        return msgspec.structs.replace(entry, first=first)

    def _take(self, connection: Connection, batch: Batch) -> None:
        if not batch.submissions:
            return
        every = batch.submissions
        know_again(connection, {lookup_key(copy.recipient) for one in every for copy in one.copies})
        self._add(connection, messages, [message_row(one.message) for one in every])
        self._add(connection, links, [link_row(link) for one in every for link in one.links])
        self._add(connection, copies, [_copy_row(copy) for one in every for copy in one.copies])
        note_content(connection, every)
        self._settle_all(
            connection, early.take_early_results(connection, [copy.id for one in every for copy in one.copies])
        )

    def _add(self, connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401 - Table
        if rows:
            connection.execute(self._insert(table).on_conflict_do_nothing(), rows)

    def _know_workers(self, connection: Connection, batch: Batch) -> None:
        for some in chunks(batch.workers):
            unread = workers.c.id.in_(some), workers.c.journal_state == JournalState.UNREAD.value
            connection.execute(update(workers).where(*unread).values(journal_state=JournalState.READ.value))

    def _begin(self, connection: Connection, batch: Batch) -> None:
        if batch.started_generation > 0 and batch.started_generation > generation_of(connection):
            reason = "copies were begun that this database had not yet let leave: it is older than the journal"
            pause_now(connection, self._insert(settings), reason, batch.at)
        ended = {result.copy for result in batch.attempts}
        started = [copy for copy in batch.started if copy not in ended]
        if self._sending.run(connection, [{"the_copy": copy} for copy in started]) < len(started):
            # Rare: it ended already, a limit of ours held it, or this state was put back and has forgotten it.
            self._keep_early(connection, batch, [early.started_result(copy) for copy in started])
            if is_paused(connection):
                waiting = early.waiting_copies(connection, started)
                self._settle_all(connection, [early.started_result(copy) for copy in started if copy in waiting])

    @cached_property
    def _sending(self) -> PreparedStatement:
        claimed, sending = (_word(status) for status in (CopyStatus.CLAIMED, CopyStatus.SENDING))
        the_copy = bindparam("the_copy", type_=copies.c.id.type)
        change = update(copies).where(copies.c.id == the_copy, copies.c.status == claimed).values(status=sending)
        return PreparedStatement(change, None, self._database.engine.dialect)

    def _attempts(self, connection: Connection, batch: Batch) -> None:
        if self._settle_all(connection, batch.attempts) < len(batch.attempts):
            self._keep_early(connection, batch, batch.attempts)

    def _settle_all(self, connection: Connection, results: Sequence[AttemptResult]) -> int:
        # In order: one copy's results must end with the last one.
        return self._settle.run(connection, [_attempt_row(result) for result in results])

    def _keep_early(self, connection: Connection, batch: Batch, results: Sequence[AttemptResult]) -> None:
        """Store results of unknown copies. They show that the state was restored from a backup: sending pauses."""
        unknown = early.unknown_copies(connection, {result.copy for result in results})
        if not unknown:
            return
        mine = [result for result in results if result.copy in unknown]
        early.keep(connection, self._insert(early_results), mine)
        reason = "results came of copies that this database does not know: it is older than the journal"
        pause_now(connection, self._insert(settings), reason, batch.at)

    def _resend(self, connection: Connection, batch: Batch) -> None:
        for some in chunks(batch.resends):
            of = select(copies.c.campaign).where(copies.c.id.in_(some))
            over = campaigns.c.id.in_(of), campaigns.c.status == CampaignStatus.SENT.value
            connection.execute(
                update(campaigns).where(*over).values(status=CampaignStatus.SENDING.value, finished_at=None)
            )
            again = copies.c.id.in_(some), copies.c.status.in_([status.value for status in MAY_GO_AGAIN])
            connection.execute(
                update(copies)
                .where(*again)
                .values(status=CopyStatus.QUEUED.value, next_attempt_at=0, worker=None, code=0, text="")
            )

    @cached_property
    def _settle(self) -> PreparedStatement:
        sent = _word(CopyStatus.SENT)
        change = (
            update(copies)
            .where(copies.c.id == bindparam("the_copy", type_=copies.c.id.type))
            # Accepted is final: a late "indeterminate" from crash recovery does not undo it.
            .where(or_(copies.c.status != sent, bindparam("new_status", type_=Text()) == sent))
            .values(
                status=bindparam("new_status", type_=Text()),
                worker=null(),
                next_attempt_at=bindparam("retry_at"),
                code=bindparam("new_code"),
                enhanced=bindparam("new_enhanced"),
                text=bindparam("new_text"),
                server=bindparam("new_server"),
                remote_id=bindparam("new_remote_id"),
                sent_at=bindparam("new_sent_at"),
                indeterminate=copies.c.indeterminate + bindparam("more_indeterminate"),
                tracked=func.coalesce(bindparam("new_tracked", type_=copies.c.tracked.type), copies.c.tracked),
            )
        )
        return PreparedStatement(change, None, self._database.engine.dialect)

    def _aliases(self, connection: Connection, batch: Batch) -> None:
        own = (
            Alias(result.remote_id, result.message, result.copy)
            for result in batch.attempts
            if result.remote_id and result.outcome is SendOutcome.ACCEPTED
        )
        self._add_aliases.run(connection, [_alias_row(alias) for alias in chain(own, batch.aliases)])

    @cached_property
    def _add_aliases(self) -> PreparedStatement:
        insert = self._insert(message_aliases).on_conflict_do_nothing()
        return PreparedStatement(insert, message_aliases, self._database.engine.dialect)

    def _rebuild(self, connection: Connection, batch: Batch) -> None:
        for one in batch.rebuilt:
            again = fold_events(one.events)[0]
            for some in chunks(set(one.copies) - {row["copy"] for row in again}):
                connection.execute(delete(copy_activity).where(copy_activity.c.copy.in_(some)))
            for some in chunks(one.copies):
                connection.execute(delete(copy_hours).where(copy_hours.c.copy.in_(some)))
            self._replace_copies.run(connection, again)
            self._merge_hours.run(connection, fold_hours(one.events))
            for some in chunks(one.messages):
                connection.execute(delete(link_activity).where(link_activity.c.message.in_(some)))
                drop_facets(connection, some)
            self._merge_links.run(connection, [msgspec.structs.asdict(link) for link in one.links])
            self._add_facets(connection, fold_counts(one.hits))

    def _project(self, connection: Connection, batch: Batch) -> None:
        of_copies, of_links = fold_events(batch.events, batch.windows)
        self._merge_copies.run(connection, of_copies)
        self._merge_links.run(connection, of_links)
        self._merge_hours.run(connection, fold_hours(batch.events, batch.corrections))
        self._add_facets(connection, fold_facets(batch.events, batch.corrections))
        settle_indeterminate(connection, of_copies, batch)

    def _correct(self, connection: Connection, batch: Batch) -> None:
        if batch.corrections.after:
            correct(connection, batch.corrections)
        hits = [{"the_copy": copy, "new_hits": window} for copy, window in sorted(batch.rewindowed.items())]
        self._rewindow.run(connection, hits)

    def _take_notices_out(self, connection: Connection, batch: Batch) -> None:
        """Nothing stays told of what is deleted."""
        for column, deleted in ((notices.c.event, batch.remove), (notices.c.copy, batch.erase)):
            for some in chunks(deleted):
                connection.execute(delete(notices).where(column.in_(some)))

    @cached_property
    def _rewindow(self) -> PreparedStatement:
        mine = copy_activity.c.copy == bindparam("the_copy", type_=copy_activity.c.copy.type)
        change = update(copy_activity).where(mine).values(hits=bindparam("new_hits"))
        return PreparedStatement(change, None, self._database.engine.dialect)

    @cached_property
    def _merge_copies(self) -> PreparedStatement:
        return PreparedStatement(
            merge_copies(self._insert(copy_activity)), copy_activity, self._database.engine.dialect
        )

    @cached_property
    def _replace_copies(self) -> PreparedStatement:
        """What is the same stays untouched for the triggers, which count what changes."""
        insert = self._insert(copy_activity)
        new = {column.name: insert.excluded[column.name] for column in copy_activity.c if column.name != "copy"}
        replacing = insert.on_conflict_do_update(index_elements=["copy"], set_=new)
        return PreparedStatement(replacing, copy_activity, self._database.engine.dialect)

    @cached_property
    def _merge_links(self) -> PreparedStatement:
        return PreparedStatement(merge_links(self._insert(link_activity)), link_activity, self._database.engine.dialect)

    @cached_property
    def _merge_hours(self) -> PreparedStatement:
        return PreparedStatement(merge_hours(self._insert(copy_hours)), copy_hours, self._database.engine.dialect)

    def _add_facets(self, connection: Connection, facets: Facets) -> None:
        for merging, rows in zip(self._merge_facets, facets, strict=True):
            merging.run(connection, rows)

    @cached_property
    def _merge_facets(self) -> tuple[PreparedStatement, ...]:
        return tuple(
            PreparedStatement(merge_facets(self._insert(table), table), table, self._database.engine.dialect)
            for table in (message_hours, message_clients)
        )

    def _suppress(self, connection: Connection, batch: Batch) -> None:
        wanted = {one.copy: one for one in reversed(batch.suppress)}  # a copy's first reason stays
        rows = []
        for some in chunks(wanted):
            query = select(copies.c.id, copies.c.address, copies.c.list, copies.c.contact)
            for row in connection.execute(query.where(copies.c.id.in_(some))).all():
                why = wanted[row.id]
                if why.only_list and row.list is not None and row.contact is not None:
                    self._end_membership(connection, row.list, row.contact, why)
                    continue
                if why.reason == UNSUBSCRIBED:
                    end_memberships(connection, row.address, why.at, why.copy)
                rows.append(suppression_row(Suppression(row.address, why.reason, why.evidence, why.copy, why.at)))
        insert_suppressions(connection, rows)

    def _end_membership(self, connection: Connection, list_id: int, contact: int, why: CopySuppression) -> None:
        """Unsubscribing from a campaign ends the membership it came by, and only that one."""
        left = {"status": MemberStatus.UNSUBSCRIBED.value, "unsubscribed_at": why.at, "copy": why.copy}
        insert = self._insert(list_members).values(list=list_id, contact=contact, **left)
        earlier = list_members.c.status != MemberStatus.UNSUBSCRIBED.value  # the first time stays
        connection.execute(insert.on_conflict_do_update(index_elements=["list", "contact"], set_=left, where=earlier))

    def _choose(self, connection: Connection, batch: Batch) -> None:
        self._privacy.apply_choices(connection, batch.choices)

    def _ask(self, connection: Connection, batch: Batch) -> None:
        self._privacy.apply_requests(connection, batch.requests)

    def _confirm(self, connection: Connection, batch: Batch) -> None:
        for one in batch.confirmations:
            self._lists.confirm_membership(connection, one)

    def _keep(self, connection: Connection, batch: Batch) -> None:
        self._add(connection, unmatched, [_unmatched_row(one) for one in batch.unmatched])
        self._add(connection, seen, [msgspec.structs.asdict(one) for one in batch.seen])
        for one in batch.resolutions:
            open_ones = update(unmatched).where(unmatched.c.id == one.unmatched, unmatched.c.state == "open")
            state = {"state": "assigned", "copy": one.copy} if one.copy else {"state": "dismissed"}
            connection.execute(open_ones.values(handled_at=one.at, handled_by=one.user, **state))
        self._add(connection, quarantined, [_quarantined_row(one) for one in batch.quarantined])

    def _note(self, connection: Connection, batch: Batch) -> None:
        totals = [{"name": name, "total": count} for name, count in sorted(batch.outcomes.items())]
        self._add_outcomes.run(connection, totals)
        places = [
            {"writer": w, "segment": s, "offset": o, "generation": batch.generation}
            for w, (s, o) in sorted(batch.positions.items())
        ]
        self._move.run(connection, places)
        self._add(connection, journal_labels, [label._asdict() for label in batch.labels])

    @cached_property
    def _add_outcomes(self) -> PreparedStatement:
        insert = self._insert(outcomes)
        more = {"total": outcomes.c.total + insert.excluded.total}
        adding = insert.on_conflict_do_update(index_elements=["name"], set_=more)
        return PreparedStatement(adding, outcomes, self._database.engine.dialect)

    @cached_property
    def _move(self) -> PreparedStatement:
        insert = self._insert(positions)
        there = {name: insert.excluded[name] for name in ("segment", "offset", "generation")}
        moving = insert.on_conflict_do_update(index_elements=["writer"], set_=there)
        return PreparedStatement(moving, positions, self._database.engine.dialect)


def _word(status: CopyStatus) -> ColumnElement[str]:
    # Not a bound value: a prepared statement is run with nothing but its rows.
    return literal_column(f"'{status.value}'")


def _copy_row(copy: Copy) -> dict[str, Any]:
    recipient = storable(copy.recipient)
    return {
        "id": copy.id,
        "message": copy.message,
        "recipient": recipient,
        "address": lookup_key(recipient),
        "status": copy.status.value,
        "next_attempt_at": copy.next_attempt_at or 0,
        "contact": copy.contact,
        "list": copy.list,
        "notify": storable(copy.notify),
        "orcpt": storable(copy.orcpt),
    }


def _attempt_row(result: AttemptResult) -> dict[str, Any]:
    sent = result.outcome is SendOutcome.ACCEPTED
    return {
        "the_copy": result.copy,
        "new_status": _STATUS[result.outcome].value,
        "retry_at": (result.retry_at or None) if result.outcome in _MAY_WAIT else None,
        "more_indeterminate": int(result.outcome is SendOutcome.INDETERMINATE),
        "new_code": result.code,
        "new_enhanced": storable(result.enhanced),
        "new_text": storable(result.text),
        "new_server": storable(result.server),
        "new_remote_id": storable(result.remote_id),
        "new_sent_at": result.at if sent else None,
        "new_tracked": result.tracked if result.tracked >= 0 else None,
    }


def _alias_row(alias: Alias) -> dict[str, Any]:
    text = storable(alias.message_id.strip().strip("<>"))
    return {"message_id_text": text, "message": alias.message, "copy": alias.copy}


def _unmatched_row(one: Unmatched) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(one)
    facts = {name: storable(value) for name, value in one.facts.items()}
    return row | {"reason": storable(one.reason), "summary": storable(one.summary), "facts": facts}


def _quarantined_row(one: QuarantinedRecord) -> dict[str, Any]:
    return msgspec.structs.asdict(one) | {"reason": storable(one.reason)}
