"""What triggers count is what a count of all copies finds, whatever changed them."""

import random
from collections import Counter

from sqlalchemy import delete, func, select, text, update

from postlude.model.event import Event
from postlude.model.words import EventKind, SendOutcome, Verdict, Via
from postlude.store import Batch, Copy, Corrections, Message, Rebuilt, Store, Submission
from postlude.store.messages.copy_states import CopyState, StateCount, state_of
from postlude.store.messages.rows import AttemptResult
from postlude.store.messages.tables import copies, copy_activity, copy_state_changes, copy_states

_DOMAINS = ("gmail.com", "example.org", "hotmail.de", "xn--mnchen-3ya.example")
_VERDICTS = (Verdict.HUMAN, Verdict.UNKNOWN, Verdict.MACHINE, Verdict.SELF)
_HAPPEN = (EventKind.OPENED, EventKind.CLICKED, EventKind.REPLIED, EventKind.UNSUBSCRIBED, EventKind.BOUNCED)


def _submission(message: int, first: int, count: int) -> Submission:
    made = Message(
        id=message, user=1, message_id="", subject="", sender="a@b.c", mail_from="a@b.c", via=Via.WEB, created_at=1
    )
    to = [f"p{number}@{_DOMAINS[number % len(_DOMAINS)]}" for number in range(count)]
    return Submission(made, (), tuple(Copy(first + number, message, address) for number, address in enumerate(to)))


def _counted(store: Store) -> Counter[tuple[int, int]]:
    """By message and state, from all copies."""
    joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
    each = select(copies.c.message, state_of().label("state")).select_from(joined).where(copies.c.message > 0)
    some = each.where(copies.c.id.in_(range(1, 1000))).subquery()
    query = select(some.c.message, some.c.state, func.count()).group_by(some.c.message, some.c.state)
    with store.segments._database.read() as connection:
        return Counter({(message, state): count for message, state, count in connection.execute(query)})


def _kept(store: Store) -> Counter[tuple[int, int]]:
    found: Counter[tuple[int, int]] = Counter()
    for one in store.copy_states.of_messages([1, 2]):
        found[one.message, one.state] += one.copies
    return found


def _some_events(draw: random.Random, first: int) -> list[Event]:
    found = []
    for number in range(first, first + 20):
        copy = draw.randrange(1, 31)
        kind, verdict = draw.choice(_HAPPEN), draw.choice(_VERDICTS)
        found.append(Event(number, kind, number, 1 if copy < 16 else 2, copy, 0, verdict))
    return found


def _some_attempts(draw: random.Random) -> list[AttemptResult]:
    outcomes = [one for one in SendOutcome if one is not SendOutcome.DEFERRED]
    return [AttemptResult(copy, draw.choice(outcomes), 5, 1) for copy in draw.sample(range(1, 31), 6)]


def test_every_change_of_a_copy_is_counted(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1, 15), _submission(2, 16, 15)]))
    for seed in range(6):
        draw = random.Random(seed)
        events = _some_events(draw, 100 * seed + 1)
        store.digest.apply(Batch(events=events, attempts=_some_attempts(draw)))
        assert _kept(store) == _counted(store)
        before = [event for event in events if event.kind in {EventKind.OPENED, EventKind.CLICKED}][:4]
        after = [Event(e.id, e.kind, e.at, e.message, e.copy, e.position, Verdict.MACHINE) for e in before]
        store.digest.apply(Batch(corrections=Corrections(before=before, after=after)))
        assert _kept(store) == _counted(store)
    store.digest.apply(Batch(rebuilt=[Rebuilt([1, 2, 3, 17], [], [], [])], resends=[4, 5]))
    assert _kept(store) == _counted(store)


def test_what_is_deleted_and_forgotten_is_counted_no_more(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1, 15)], events=_some_events(random.Random(3), 1)))
    with store.segments._database.write() as connection:
        connection.execute(delete(copy_activity).where(copy_activity.c.copy.in_([1, 2])))
        connection.execute(delete(copies).where(copies.c.id.in_([2, 3, 4])))
        connection.execute(delete(copy_activity).where(copy_activity.c.copy.in_([3, 4])))
        connection.execute(update(copies).where(copies.c.id == 5).values(recipient="", address=""))
    assert _kept(store) == _counted(store)
    assert sum(one.copies for one in store.copy_states.of_messages([1])) == 12


def test_families_of_mailboxes_are_told_by_the_domain(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1, 4)]))
    assert sorted(store.copy_states.of_messages([1])) == [
        StateCount(1, "", CopyState.WAITING, 2),
        StateCount(1, "Gmail", CopyState.WAITING, 1),
        StateCount(1, "Outlook.com", CopyState.WAITING, 1),
    ]


def test_changes_are_seen_before_they_are_added_up(store: Store) -> None:
    with store.segments._database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO copies (id, message, recipient, address, status) VALUES "
                "(1, 7, 'a@b.c', 'a@b.c', 'queued'), (2, 7, 'b@b.c', 'b@b.c', 'sent')"
            )
        )
    expected = [StateCount(7, "", CopyState.WAITING, 1), StateCount(7, "", CopyState.SENT, 1)]
    assert sorted(store.copy_states.of_messages([7])) == expected
    store.copy_states.add_up()
    assert sorted(store.copy_states.of_messages([7])) == expected
    with store.segments._database.read() as connection:
        assert connection.execute(select(func.count()).select_from(copy_state_changes)).scalar() == 0


def test_counts_that_went_wrong_are_made_again(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1, 15), _submission(2, 16, 15)]))
    right = sorted(store.copy_states.of_messages([1, 2]))
    with store.segments._database.write() as connection:
        wrong = update(copy_states).where(copy_states.c.message.in_([1, 2]))
        connection.execute(wrong.values(copies=copy_states.c.copies + 5))
    store.copy_states.rebuild([1])
    store.copy_states.rebuild([2])
    assert sorted(store.copy_states.of_messages([1, 2])) == right


def test_an_emptied_state_counts_nothing_and_still_knows_the_families(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1, 4)]))
    store.emptying.empty(lambda _key: False)
    assert store.copy_states.of_messages([1]) == []
    store.digest.apply(Batch(submissions=[_submission(1, 1, 1)]))
    assert store.copy_states.of_messages([1]) == [StateCount(1, "Gmail", CopyState.WAITING, 1)]
