"""Times that are waited for, and that lie further ahead than any wait is long: the clock was wrong once.

A clock that was ahead leaves times behind that are not reached for days after it was set right. The rule is one for all
of them: what waits for a time waits at most as long as it was meant to; what says when something happened lies not
ahead. Each column that this is about is named here, and nowhere else.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from postlude.model.words import CampaignStatus, CopyStatus, JobStatus
from postlude.store.accounts.tables import users
from postlude.store.base import TopicQueries
from postlude.store.campaigns.tables import campaigns
from postlude.store.jobs.tables import jobs
from postlude.store.journals.sending_pause import PAUSE, SendingPause
from postlude.store.journals.tables import incidents
from postlude.store.messages.tables import copies, messages, transport_usage, workers
from postlude.store.settings import settings

_SECOND: Final = 1_000_000
_HOUR: Final = 3600 * _SECOND
_SLACK: Final = 5 * _SECOND
_LONGEST_LIMIT: Final = 26 * _HOUR
"""A day's limit of a mail server, and what its counting in tenths of an hour adds."""
_LONGEST_LOCAL: Final = 2 * _LONGEST_LIMIT
"""And as much again until the hour comes in the recipient's own zone."""
_UNDER_WAY: Final = (CampaignStatus.SENDING.value, CampaignStatus.PAUSED.value)
# What happened lies not ahead: (table, column). Sessions that began before are over; a job that gives no sign is
# another's.
_HAPPENED: Final[tuple[tuple[Table, str], ...]] = (
    (campaigns, "paced_to"),
    (users, "sessions_from"),
    (workers, "started_at"),
    (incidents, "at"),
)


class FutureTimes(TopicQueries):
    """Repairs them."""

    def repair(self, now: int, pauses: Sequence[int], slot: int, *, stepped: bool) -> dict[str, int]:
        """How many times were repaired, by what they belong to; {} when there was none.

        `pauses`: what deferred copies wait after their first, second ... attempt at most, the last one repeats (in
        microseconds). `slot`: the present one of what servers were given. `stepped`: the clock is known to have been
        ahead, so that no wait for a limit is believed; it is asked again.
        """
        with self._database.write() as connection:
            ahead = select(func.count()).select_from(workers).where(workers.c.started_at > now + _SLACK)
            stepped = stepped or bool(connection.execute(ahead).scalar())
            found = {
                "waiting copies": _copies(connection, now, pauses, stepped=stepped) + _never_tried(connection, now),
                "counts of what servers were given": _usage(connection, slot),
                "jobs": _jobs(connection, now),
                "the pause of sending": self._pause(connection, now),
            }
            for table, column in _HAPPENED:
                change = update(table).where(table.c[column] > now + _SLACK).values({column: now})
                found[f"{table.name}.{column}"] = connection.execute(change).rowcount
        return {what: number for what, number in found.items() if number}

    def _pause(self, connection: Connection, now: int) -> int:
        value = connection.execute(select(settings.c.value).where(settings.c.key == PAUSE)).scalar()
        if value is None or (pause := msgspec.convert(value, SendingPause)).at <= now + _SLACK:
            return 0
        fresh = msgspec.to_builtins(SendingPause(now, pause.reasons))
        connection.execute(update(settings).where(settings.c.key == PAUSE).values(value=fresh))
        return 1


def _copies(connection: Connection, now: int, pauses: Sequence[int], *, stepped: bool) -> int:
    """Campaign by campaign: then the index has them, and only those that wait are looked at."""
    query = select(campaigns.c.id, campaigns.c.options).where(campaigns.c.status.in_(_UNDER_WAY))
    repaired = 0
    for campaign, options in [(0, {}), *connection.execute(query).all()]:
        paused = 0 if stepped else _LONGEST_LIMIT
        if options.get("local_time"):
            paused = _LONGEST_LOCAL
        for status, which, wait in _waits(pauses, paused):
            impossible = copies.c.campaign == campaign, copies.c.status == status, copies.c.next_attempt_at > now + wait
            change = update(copies).where(and_(*impossible), which).values(next_attempt_at=now)
            repaired += connection.execute(change).rowcount
    return repaired


def _never_tried(connection: Connection, now: int) -> int:
    """Single mails that were handed in while the clock was ahead, and that no limit holds: due since then."""
    handed_in = select(messages.c.created_at).where(messages.c.id == copies.c.message).scalar_subquery()
    mine = copies.c.campaign == 0, copies.c.status == CopyStatus.QUEUED.value, copies.c.next_attempt_at > now + _SLACK
    change = update(copies).where(*mine, copies.c.next_attempt_at <= handed_in).values(next_attempt_at=now)
    return connection.execute(change).rowcount


def _waits(pauses: Sequence[int], paused: int) -> Iterator[tuple[str, Any, int]]:
    """(status, which of its copies, how long they wait at most)."""
    for status in (CopyStatus.DEFERRED.value, CopyStatus.INDETERMINATE.value):
        for attempt, pause in enumerate(pauses, 1):
            of_it: ColumnElement[bool] = copies.c.attempts == attempt
            if attempt == len(pauses):
                of_it = copies.c.attempts >= attempt
            yield status, of_it, pause + _SLACK
    yield CopyStatus.QUEUED.value, copies.c.attempts >= 0, paused + _SLACK


def _usage(connection: Connection, slot: int) -> int:
    return connection.execute(delete(transport_usage).where(transport_usage.c.slot > slot + 1)).rowcount


def _jobs(connection: Connection, now: int) -> int:
    running = jobs.c.status == JobStatus.RUNNING.value, jobs.c.beat_at > now + _SLACK
    return connection.execute(update(jobs).where(*running).values(beat_at=now)).rowcount
