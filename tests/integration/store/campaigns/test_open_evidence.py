"""What was seen of copies, on both engines."""

from itertools import count

from postlude.model.event import Event
from postlude.model.words import CopyStatus, EventKind, SendOutcome, Verdict, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission
from postlude.store.campaigns.open_evidence import SeenCopies
from postlude.store.messages.tables import copies

DAY = 86_400_000_000
_ids = count(1)


def send(store: Store, message: int, at: int, addresses: list[str]) -> dict[str, int]:
    """One campaign's message; its copies by address."""
    made = {address: next(_ids) for address in addresses}
    row = Message(
        id=message, user=1, message_id=f"{message}@x", subject="", sender="a@x", mail_from="", via=Via.CAMPAIGN,
        created_at=at,
    )  # fmt: skip
    rows = tuple(Copy(one, message, address, CopyStatus.QUEUED) for address, one in made.items())
    sent = [AttemptResult(one, SendOutcome.ACCEPTED, at, 1, message=message) for one in made.values()]
    store.digest.apply(Batch(submissions=[Submission(row, (), rows)], attempts=sent))
    with store.campaigns._database.write() as connection:
        connection.execute(copies.update().where(copies.c.message == message).values(campaign=message))
    return made


def happen(store: Store, message: int, copy: int, kind: EventKind, verdict: Verdict = Verdict.HUMAN) -> None:
    event = Event(next(_ids), kind, 5 * DAY, message, copy, 0, verdict)
    store.digest.apply(Batch(events=[event]))


def test_copies_are_grouped_by_what_was_seen(store: Store) -> None:
    made = send(store, 1, DAY, ["a@x", "b@x", "c@x", "d@x", "gone@x"])
    happen(store, 1, made["a@x"], EventKind.OPENED)
    happen(store, 1, made["b@x"], EventKind.OPENED, Verdict.UNKNOWN)
    happen(store, 1, made["b@x"], EventKind.CLICKED)
    happen(store, 1, made["gone@x"], EventKind.BOUNCED)
    found = store.campaigns.seen([1])
    assert sorted((one.copies, one.opened, one.unknown, one.responded) for one in found) == [
        (1, 0, 1, 1),
        (1, 1, 0, 0),
        (2, 0, 0, 0),
    ]


def test_the_past_of_recipients_is_joined(store: Store) -> None:
    before = send(store, 1, DAY, ["a@x", "b@x"])
    happen(store, 1, before["a@x"], EventKind.OPENED)
    happen(store, 1, before["b@x"], EventKind.REPLIED)
    send(store, 2, 3 * DAY, ["a@x", "b@x", "new@x"])
    send(store, 3, 9 * DAY, ["a@x"])  # later: not their past
    found = store.campaigns.seen_with_past([2], 3)
    nothing = {"copies": 1, "opened": 0, "unknown": 0, "responded": 0}
    assert sorted(found, key=lambda one: (one.past_seen, one.past_unseen)) == [
        SeenCopies(**nothing),
        SeenCopies(**nothing, past_unseen=1, past_delivered=1, past_responded=1, past_opened=1),
        SeenCopies(**nothing, past_seen=1, past_delivered=1, past_opened=1),
    ]
