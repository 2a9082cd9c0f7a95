"""State and score of every contact are what a plain computation over all that happened finds, whatever changed it."""

import random
from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, update

from postlude.model.event import Event
from postlude.model.words import EngagementState, EventKind, SendOutcome, Tracked, Verdict, Via
from postlude.store import AttemptResult, Batch, Copy, CopyTimes, Corrections, Message, Rebuilt, Store, Submission
from postlude.store.contacts.engagement import ContactScore
from postlude.store.messages.tables import copies, copy_activity
from postlude.store.privacy.recording import write_choice

DAY = 86_400 * 1_000_000
NOW = 20_000 * DAY
PEOPLE = [f"p{number}@example.org" for number in range(12)]
SILENT = PEOPLE[:4]
VERDICTS = (Verdict.HUMAN, Verdict.HUMAN, Verdict.UNKNOWN, Verdict.MACHINE)
ENDS = (SendOutcome.ACCEPTED, SendOutcome.ACCEPTED, SendOutcome.ACCEPTED, SendOutcome.REJECTED)


class Mail(msgspec.Struct):
    """A copy in plain words."""

    id: int
    address: str
    at: int
    tracked: int
    refused: bool
    events: list[Event] = msgspec.field(default_factory=list)


class World:
    """The store, and beside it all that happened."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.draw = random.Random(seed)
        self.mails: dict[int, Mail] = {}
        self.off: dict[str, int] = {}
        self.number = 1
        self.contacts = {store.contacts.add(one, 1).id: one for one in PEOPLE[:8]}

    def send(self, count: int) -> None:
        made, attempts = [], []
        for _ in range(count):
            self.number += 1
            sent = NOW - self.draw.randrange(400 * DAY)
            tracked, outcome = self.draw.choice((-1, 0, 1, 2, 3, 3, 3)), self.draw.choice(ENDS)
            one = Mail(self.number, self.draw.choice(PEOPLE), sent, tracked, outcome is SendOutcome.REJECTED)
            opens, clicks = self.draw.random() < 0.8, self.draw.random() < 0.8
            row = Message(
                id=one.id,
                user=1,
                message_id="",
                subject="",
                sender="",
                mail_from="",
                via=Via.WEB,
                created_at=sent,
                opens=opens,
                clicks=clicks,
            )
            made.append(Submission(row, (), (Copy(one.id, one.id, one.address),)))
            attempts.append(AttemptResult(one.id, outcome, sent, 1, 550 if one.refused else 250, tracked=tracked))
            if tracked < 0:
                one.tracked = opens * Tracked.OPENS + clicks * Tracked.CLICKS
            self.mails[one.id] = one
        self.store.digest.apply(Batch(submissions=made, attempts=attempts))

    def _some_mail(self) -> Mail:
        """Of a contact that reads at all."""
        return self.draw.choice([one for one in self.mails.values() if one.address not in SILENT])

    def happen(self, count: int) -> None:
        found = []
        for _ in range(count):
            self.number += 1
            mail = self._some_mail()
            kind = self.draw.choices(
                (EventKind.OPENED, EventKind.CLICKED, EventKind.REPLIED, EventKind.BOUNCED), (9, 4, 1, 1)
            )[0]
            at = mail.at + self.draw.randrange(self.draw.choice((DAY // 24, 5 * DAY, 90 * DAY)))
            event = Event(self.number, kind, at, mail.id, mail.id, 0, self.draw.choice(VERDICTS))
            mail.events.append(event)
            found.append(event)
        self.store.digest.apply(Batch(events=found))

    def come_back(self) -> None:
        mail = self._some_mail()
        for days in (5, 3, 1):
            self.number += 1
            mail.events.append(
                Event(self.number, EventKind.OPENED, NOW - days * DAY, mail.id, mail.id, 0, Verdict.HUMAN)
            )
        self.store.digest.apply(Batch(events=mail.events[-3:]))

    def correct(self, count: int) -> None:
        before, after = [], []
        for mail in self.draw.sample(list(self.mails.values()), min(count, len(self.mails))):
            hits = [one for one in mail.events if one.kind in {EventKind.OPENED, EventKind.CLICKED}]
            for event in hits[:2]:
                now = msgspec.structs.replace(event, verdict=self.draw.choice(VERDICTS))
                mail.events[mail.events.index(event)] = now
                before.append(event)
                after.append(now)
        times = {event.copy: self._times(event.copy) for event in after}
        self.store.digest.apply(Batch(corrections=Corrections(before=before, after=after, times=times)))

    def _times(self, copy: int) -> CopyTimes:
        opens, clicks = (_seen(self.mails[copy], kind) for kind in (EventKind.OPENED, EventKind.CLICKED))
        return CopyTimes(*(f(some, default=0) for some in (opens, clicks) for f in (min, max)))

    def rebuild(self) -> None:
        some = self.draw.sample(list(self.mails), len(self.mails) // 2)
        events = [event for copy in some for event in self.mails[copy].events]
        self.store.digest.apply(Batch(rebuilt=[Rebuilt(some, events, [], [])]))

    def erase(self) -> None:
        one = self.draw.choice(list(self.mails))
        with self.store.segments._database.write() as connection:
            connection.execute(delete(copy_activity).where(copy_activity.c.copy == one))
            if self.draw.random() < 0.5:
                connection.execute(delete(copies).where(copies.c.id == one))
                del self.mails[one]
                return
        self.mails[one].events.clear()

    def withdraw(self) -> None:
        address, may = self.draw.choice(PEOPLE), self.draw.choice((True, False))
        with self.store.segments._database.write() as connection:
            write_choice(connection, address, self.number, opens=may, clicks=None, evidence="")
        self.number += 1
        self.off[address] = 0 if may else Tracked.OPENS

    def move(self) -> None:
        contact = self.draw.choice(list(self.contacts))
        free = [one for one in PEOPLE if one not in self.contacts.values()]
        self.contacts[contact] = self.draw.choice(free)
        self.store.contacts.change(contact, NOW, spelled=self.contacts[contact])

    def forward(self, copy: int, address: str) -> None:
        """As forgetting does: the copy's address is replaced."""
        with self.store.segments._database.write() as connection:
            connection.execute(update(copies).where(copies.c.id == copy).values(address=address))
        self.mails[copy].address = address

    def kept(self, now: int) -> dict[int, ContactScore]:
        while self.store.engagement.step(now, 5):
            pass
        return self.store.engagement.of_contacts(self.contacts)

    def expected(self, now: int) -> dict[int, ContactScore]:
        found = {}
        for contact, address in self.contacts.items():
            mine = [one for one in self.mails.values() if one.address == address]
            found[contact] = _plain(mine, self.off.get(address, 0), now)
        return found


# The plain computation


def _seen(mail: Mail, *kinds: EventKind) -> list[int]:
    return [one.at for one in mail.events if one.kind in kinds and one.verdict is Verdict.HUMAN]


def _answered(mail: Mail) -> list[int]:
    return [one.at for one in mail.events if one.kind is EventKind.REPLIED]


def _plain(mails: Sequence[Mail], off: int, now: int) -> ContactScore:
    returned = {one.id for one in mails if one.refused or any(event.kind is EventKind.BOUNCED for event in one.events)}
    arrived = [one for one in mails if one.id not in returned]
    tracked = [one for one in arrived if one.tracked & ~off]
    signs = [at for one in arrived for at in (*_seen(one, EventKind.OPENED, EventKind.CLICKED), *_answered(one))]
    last = max(signs, default=None)
    return ContactScore(_plain_state(mails, returned, arrived, tracked, last, now), _plain_score(tracked, now))


def _worth(mail: Mail) -> float:
    if _answered(mail) or _seen(mail, EventKind.CLICKED):
        return 1.0
    if _seen(mail, EventKind.OPENED):
        return 0.5
    perhaps = any(one.kind is EventKind.OPENED and one.verdict is Verdict.UNKNOWN for one in mail.events)
    return 0.15 if perhaps else 0.0


def _plain_score(tracked: Sequence[Mail], now: int) -> int | None:
    if len(tracked) < 3:
        return None
    weights = [2 ** (-(now - one.at) / (90 * DAY)) for one in tracked]
    reached = sum(weight * _worth(one) for weight, one in zip(weights, tracked, strict=True))
    whole = sum(
        weight * (1 if now - one.at >= 3 * DAY else _worth(one)) for weight, one in zip(weights, tracked, strict=True)
    )
    return round(100 * reached / whole) if whole else None


def _is_hot(mail: Mail, now: int) -> bool:
    visits = _seen(mail, EventKind.OPENED, EventKind.CLICKED)
    opens, clicks = (_seen(mail, kind) for kind in (EventKind.OPENED, EventKind.CLICKED))
    early = bool(opens and clicks and min(clicks) < min(opens))
    apart = len(visits) - early >= 3 and max(visits) - min(visits) >= DAY / 24
    return apart and now - max(visits) <= 7 * DAY and not _answered(mail)


def _plain_state(  # noqa: PLR0911, PLR0917 - one form a state
    mails: Sequence[Mail],
    returned: set[int],
    arrived: Sequence[Mail],
    tracked: Sequence[Mail],
    last: int | None,
    now: int,
) -> EngagementState:
    if mails and max(mails, key=lambda one: one.at).id in returned:
        return EngagementState.UNREACHABLE
    if any(_is_hot(one, now) for one in tracked):
        return EngagementState.HOT
    if last is not None and now - last <= 90 * DAY:
        return EngagementState.ACTIVE
    if not arrived:
        return EngagementState.NEW
    since = [one for one in tracked if last is None or one.at > last]
    if not tracked or any(_worth(one) == 0.15 for one in since):
        return EngagementState.UNKNOWN
    begun = min(one.at for one in arrived) if last is None else last
    if len(since) < 3 or (last is None and now - begun <= 30 * DAY):
        return EngagementState.NEW if last is None else EngagementState.ACTIVE
    return EngagementState.INACTIVE if len(since) >= 5 and now - begun > 180 * DAY else EngagementState.LAPSING


# The tests


def test_state_and_score_are_those_of_the_plain_computation(store: Store) -> None:
    world, found = World(store, 0), set[EngagementState]()
    for count in (3, 5, 25, 25, 25, 25):
        world.send(count)
        world.happen(2 * count)
        world.come_back()
        world.correct(10)
        world.erase()
        world.withdraw()
        world.move()
        right = world.expected(NOW)
        assert world.kept(NOW) == right
        found |= {one.state for one in right.values()}
    world.rebuild()
    world.forward(world.draw.choice(list(world.mails)), world.draw.choice(PEOPLE))
    for later in (0, 2, 20, 40, 100, 300):
        right = world.expected(NOW + later * DAY)
        assert world.kept(NOW + later * DAY) == right
        found |= {one.state for one in right.values()}
    assert found == set(EngagementState)


def test_all_are_computed_anew(store: Store) -> None:
    world = World(store, 9)
    world.send(60)
    world.happen(60)
    right = world.kept(NOW)
    with store.segments._database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE engagement SET state = 'hot', score = 77, changes_at = NULL WHERE contact > 0"
        )
    assert world.kept(NOW) != right
    last = 0
    while last := store.engagement.rebuild(last, NOW, 3):
        pass
    assert right == world.expected(NOW)
    assert world.kept(NOW) == right


def test_rebuilding_what_is_the_same_notes_none(store: Store) -> None:
    world = World(store, 5)
    world.send(30)
    world.happen(50)
    world.kept(NOW)
    events = [event for mail in world.mails.values() for event in mail.events]
    store.digest.apply(Batch(rebuilt=[Rebuilt(list(world.mails), events, [], [])], at=NOW))
    assert not store.engagement.step(NOW)


def test_the_page_says_what_the_lists_say(store: Store) -> None:
    world = World(store, 3)
    world.send(60)
    world.happen(90)
    page = {contact: store.engagement.of_address(address, NOW) for contact, address in world.contacts.items()}
    assert {contact: ContactScore(one.state, one.score) for contact, one in page.items()} == world.kept(NOW)


def test_contacts_are_counted_by_state(store: Store) -> None:
    world = World(store, 4)
    world.send(60)
    world.happen(90)
    states = [one.state for one in world.kept(NOW).values()]
    assert store.engagement.counts() == {state: states.count(state) for state in EngagementState}
    store.contacts.erase(next(iter(world.contacts)), NOW)
    assert sum(store.engagement.counts().values()) == len(world.contacts) - 1


def test_a_state_is_listed_by_score_page_by_page(store: Store) -> None:
    world = World(store, 4)
    world.send(90)
    world.happen(200)
    kept = world.kept(NOW)
    state = max(EngagementState, key=lambda one: sum(each.state is one for each in kept.values()))
    found, before = [], 0
    while page := store.engagement.page(state, before=before, limit=2):
        found += [(-1 if one.score is None else one.score, one.contact.id) for one in page]
        before = page[-1].contact.id
    of_it = [(-1 if one.score is None else one.score, who) for who, one in kept.items() if one.state is state]
    assert len(of_it) > 2
    assert found == sorted(of_it, reverse=True)


def test_an_ordinary_batch_leaves_none_behind(store: Store) -> None:
    world = World(store, 6)
    world.send(20)
    store.digest.apply(Batch(at=NOW))
    assert not store.engagement.step(NOW - 1000 * DAY)
