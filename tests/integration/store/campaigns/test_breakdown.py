from postlude.model.event import Event
from postlude.model.words import EventKind, SendOutcome, Verdict, Via
from postlude.store import Batch, Copy, Message, Store, Submission
from postlude.store.messages.rows import AttemptResult
from postlude.store.messages.tables import HOUR_US

_TO = ("a@gmail.com", "b@googlemail.com", "c@example.org", "d@example.org")


def _filled(store: Store) -> None:
    made = [
        Message(id=n, user=1, message_id="", subject="", sender="a@b.c", mail_from="a@b.c", via=Via.WEB, created_at=1)
        for n in (1, 2)
    ]
    copies = tuple(Copy(number + 1, 1, address) for number, address in enumerate(_TO))
    submissions = [Submission(made[0], (), copies), Submission(made[1], (), (Copy(9, 2, "e@example.org"),))]
    sent = [AttemptResult(copy, SendOutcome.ACCEPTED, 5, 1) for copy in (1, 2, 3, 4, 9)]
    outlook = {"client": "Outlook"}
    events = [
        Event(1, EventKind.OPENED, 5, 1, 1, verdict=Verdict.HUMAN, facts=outlook),
        Event(2, EventKind.OPENED, HOUR_US + 1, 2, 9, verdict=Verdict.HUMAN, facts=outlook),
        Event(3, EventKind.CLICKED, HOUR_US + 2, 1, 1, 0, Verdict.HUMAN, facts={"client": "Firefox"}),
        Event(4, EventKind.BOUNCED, 9, 1, 3, facts={"reason": "unknown_user"}),
        Event(5, EventKind.BOUNCED, 9, 1, 4, facts={"reason": "unknown_user"}),
        Event(6, EventKind.BOUNCED, 9, 2, 9, facts={"reason": "mailbox_full"}),
        Event(7, EventKind.COMPLAINED, 9, 1, 2),
    ]
    store.digest.apply(Batch(submissions=submissions, attempts=sent, events=events))


def test_hours_and_programs_of_several_messages_are_one(store: Store) -> None:
    _filled(store)
    assert [(one.hour, one.opens, one.clicks) for one in store.breakdowns.hours([1, 2])] == [(0, 1, 0), (1, 1, 1)]
    clients = {one.client: (one.opens, one.clicks) for one in store.breakdowns.clients([1, 2])}
    assert clients == {"Outlook": (2, 0), "Firefox": (0, 1)}
    assert store.breakdowns.clients([3]) == []


def test_providers_have_a_funnel_each(store: Store) -> None:
    _filled(store)
    found = store.breakdowns.providers([1])
    assert set(found) == {"Gmail", ""}
    gmail, rest = found["Gmail"], found[""]
    assert gmail.delivered == 2
    assert gmail.opened == 1
    assert gmail.complained == 1
    assert rest.sent == 2
    assert rest.delivered == 0
    assert rest.bounced == 2


def test_bounces_are_counted_by_reason(store: Store) -> None:
    _filled(store)
    assert store.breakdowns.bounce_reasons([1, 2]) == {"unknown_user": 2, "mailbox_full": 1}
    assert list(store.breakdowns.bounce_reasons([1, 2])) == ["unknown_user", "mailbox_full"]
