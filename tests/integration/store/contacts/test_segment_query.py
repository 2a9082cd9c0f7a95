"""Every kind of expression is asked of both engines and compared with a plain evaluation in Python."""

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import sampled_from
from sqlalchemy import select, update

from postlude.model.event import Event
from postlude.model.words import Consent, EventKind, MemberStatus, Purpose, SendOutcome, Verdict, Via
from postlude.segments import expression as tree
from postlude.segments import parse_expression
from postlude.segments.expression import Reference
from postlude.segments.moments import read_moment
from postlude.store import AttemptResult, Batch, Copy, Link, Message, Store, Submission
from postlude.store.contacts.engagement import ContactScore
from postlude.store.contacts.rows import Audience
from postlude.store.contacts.segment_query import chooses
from postlude.store.contacts.tables import contacts, engagement
from postlude.store.messages.tables import copies
from support.past_campaigns import HOUR_US, past_campaign
from support.segment_trees import leaves, refs, trees

NEWS, VIP, HOT, SPRING, SUMMER = 11, 12, 13, 14, 15
"""Ids of the world below; the tests' expressions name nothing else."""
JANUARY, MARCH, MAY = read_moment("2026-01-15"), read_moment("2026-03-15"), read_moment("2026-05-15")


class Mail(NamedTuple):
    """One copy in plain words."""

    campaign: int
    subject: str
    sent: int
    links: Sequence[str] = ()
    """Of its clicks, in their order."""
    opens: Sequence[int] = ()
    clicks: Sequence[int] = ()
    replied: int | None = None
    bounced: int | None = None
    complained: int | None = None
    unsubscribed: int | None = None
    autoresponded: int | None = None
    delivered: int | None = None
    tracked: int = 3


class Person(NamedTuple):
    """One contact in plain words."""

    address: str
    name: str = ""
    fields: dict[str, Any] = {}  # noqa: RUF012 - never changed
    added: int = JANUARY
    status: MemberStatus | None = None
    vip: bool = False
    hot: bool = False
    mail_consent: Consent = Consent.UNKNOWN
    suppressed: str = ""
    mails: Sequence[Mail] = ()


PEOPLE = (
    Person("alice@example.org", "Alice", {"Age": "30", "City": "Köln"}, JANUARY, MemberStatus.SUBSCRIBED, vip=True),
    Person(
        "bob@example.org",
        "Bob",
        {"Age": "9", "City": "bonn"},
        MARCH,
        MemberStatus.UNSUBSCRIBED,
        hot=True,
        mails=(
            Mail(
                SPRING,
                "Offer 1",
                JANUARY,
                ("https://shop.example/a_b?c=1",),
                opens=(JANUARY, MARCH, MAY),
                clicks=(MARCH,),
                replied=MAY,
            ),
            Mail(SUMMER, "News 50%", MAY, delivered=MAY),
        ),
    ),
    Person("carol@xn--mnchen-3ya.example", "", {"Age": "old", "City": ""}, MAY, mail_consent=Consent.GIVEN),
    Person(
        "dave@sub.example.org",
        "dave_x",
        {"Age": "-1.5"},
        MAY,
        MemberStatus.PENDING,
        suppressed="complained",
        mails=(
            Mail(SPRING, "Offer 2", JANUARY, opens=(MARCH,), complained=MARCH, delivered=JANUARY),
            Mail(
                0,
                "Hello",
                MARCH,
                ("https://shop.example/axb", "https://other.example/"),
                clicks=(MAY, MAY + 1),
                unsubscribed=MAY,
                autoresponded=MAY,
                tracked=2,
            ),
        ),
    ),
    Person("eve@example.com", "Éve", mails=(Mail(SUMMER, "offer", MAY, bounced=MAY + 5),)),
)


def fill(store: Store) -> None:
    """Store the people and what became of their mail."""
    lists = store.lists.add("News", JANUARY)
    ids.update({NEWS: lists.id, VIP: store.contacts.tag("vip"), SPRING: SPRING, SUMMER: SUMMER})
    ids[HOT] = store.segments.add("Hot", parse_expression("tag('vip')"), JANUARY).id
    hot = []
    for number, person in enumerate(PEOPLE):
        made = store.contacts.add(person.address, person.added, fields=person.fields, name=person.name)
        if person.status is not None:
            store.lists.put_member(lists.id, made.id, person.status, JANUARY)
        if person.vip:
            store.contacts.tag_contact(ids[VIP], made.id)
        if person.mail_consent is not Consent.UNKNOWN:
            store.contacts.record_consent(made.id, {Purpose.MAIL: person.mail_consent}, JANUARY, how="by hand")
        if person.suppressed:
            store.suppressions.add(person.address, person.suppressed)
        if person.hot:
            hot.append(person.address)
        for place, mail in enumerate(person.mails):
            _send(store, (number + 1) * 100 + place, person, mail, made.id)
    _score(store)
    store.segments.freeze(ids[HOT], tree.FieldIn("address", tuple(hot)), JANUARY)


ids: dict[int, int] = {}
SCORES = {"alice@example.org": 60, "bob@example.org": 0, "eve@example.com": 100}
engaged: dict[str, ContactScore] = {}


def _score(store: Store) -> None:
    """The states as they are computed, the scores as they are wanted here."""
    while store.engagement.step(MAY):
        pass
    with store.segments._database.write() as connection:
        for address, score in SCORES.items():
            mine = engagement.c.contact == select(contacts.c.id).where(contacts.c.address == address).scalar_subquery()
            connection.execute(update(engagement).where(mine).values(score=score))
    for one in PEOPLE:
        contact = store.contacts.by_address(one.address)
        assert contact is not None
        engaged[one.address] = store.engagement.of_contacts([contact.id])[contact.id]


def _send(store: Store, key: int, person: Person, mail: Mail, contact: int) -> None:
    via = Via.CAMPAIGN if mail.campaign else Via.WEB
    row = Message(
        id=key, user=1, message_id="", subject=mail.subject, sender="", mail_from="", via=via, created_at=mail.sent
    )
    copy = Copy(key, key, person.address, contact=contact)
    attempt = AttemptResult(key, SendOutcome.ACCEPTED, mail.sent, 1, tracked=-1 if mail.tracked == 3 else mail.tracked)
    shown = [Link(key, number, url, label=f"Link {number}", tracked=True) for number, url in enumerate(mail.links)]
    clicks = [
        Event(key * 100 + 50 + n, EventKind.CLICKED, at, key, key, n, verdict=Verdict.HUMAN)
        for n, at in enumerate(mail.clicks)
    ]
    times = [(EventKind.OPENED, at) for at in mail.opens]
    times += [
        (kind, at)
        for kind, at in (
            (EventKind.REPLIED, mail.replied),
            (EventKind.BOUNCED, mail.bounced),
            (EventKind.COMPLAINED, mail.complained),
            (EventKind.UNSUBSCRIBED, mail.unsubscribed),
            (EventKind.AUTORESPONDED, mail.autoresponded),
            (EventKind.DELIVERED, mail.delivered),
        )
        if at is not None
    ]
    events = [Event(key * 100 + n, kind, at, key, key, verdict=Verdict.HUMAN) for n, (kind, at) in enumerate(times)]
    events.append(Event(key * 100 + 99, EventKind.OPENED, MAY, key, key, verdict=Verdict.MACHINE))
    store.digest.apply(Batch(submissions=[Submission(row, tuple(shown), (copy,))], attempts=[attempt]))
    store.digest.apply(Batch(events=[*events, *clicks]))
    with store.segments._database.write() as connection:
        connection.execute(update(copies).where(copies.c.id == key).values(campaign=mail.campaign))


# The plain evaluation

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(one: tree.Expression, person: Person) -> bool:  # noqa: C901, PLR0911, PLR0912 - one form a node
    match one:
        case tree.AllOf():
            return all(holds(part, person) for part in one.parts)
        case tree.AnyOf():
            return any(holds(part, person) for part in one.parts)
        case tree.Not():
            return not holds(one.part, person)
        case tree.OnList():
            return person.status is one.status
        case tree.Tagged():
            return person.vip
        case tree.InSegment():
            return person.hot
        case tree.HasConsent():
            return (person.mail_consent if one.purpose is Purpose.MAIL else Consent.UNKNOWN) is one.state
        case tree.IsSuppressed():
            return bool(person.suppressed) and one.reason in {"", person.suppressed}
        case tree.InState():
            return engaged[person.address].state is one.state
        case tree.ScoreIs():
            score = engaged[person.address].score
            return score is not None and _ORDER[one.is_](score, one.value)
        case tree.Added():
            return _in(one, [person.added])
        case tree.FieldIs():
            return _is(_value(person, one.name, custom=one.custom), one.is_, one.value)
        case tree.FieldIn():
            return _value(person, one.name, custom=one.custom) in one.values
        case tree.FieldEmpty():
            return not _value(person, one.name, custom=one.custom).strip(" ")
        case tree.Did():
            return _did(one, person)
        case _:
            return True


def _value(person: Person, name: str, *, custom: bool) -> str:
    if custom:
        return str(person.fields.get(name, ""))
    domain = person.address.rpartition("@")[2]
    return {"address": person.address, "name": person.name, "domain": domain}.get(name, "")


def _is(value: str, how: str, wanted: str | float) -> bool:
    if isinstance(wanted, float):
        try:
            return _ORDER[how](float(value), wanted)
        except ValueError:
            return how == "!="
    if how in _ORDER:
        return _ORDER[how](value.encode(), wanted.encode())
    plain, part = _lower(value), _lower(wanted)
    return {"contains": part in plain, "starts": plain.startswith(part), "ends": plain.endswith(part)}[how]


def _lower(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)


def _in(asked: tree.Did | tree.Added, times: Sequence[int]) -> bool:
    since = read_moment(asked.since) if asked.since else 0
    return any(at >= since and (not asked.before or at < read_moment(asked.before)) for at in times)


def _did(one: tree.Did, person: Person) -> bool:
    count = 0
    for mail in person.mails:
        if one.campaign is not None and mail.campaign != one.campaign.id:
            continue
        if one.subject and _lower(one.subject) not in _lower(mail.subject):
            continue
        seen = {"opens_tracked": 1, "clicks_tracked": 2}.get(one.action, 0) & mail.tracked
        single = (
            mail.sent
            if seen
            else {"sent": mail.sent, "delivered": mail.delivered}.get(one.action, getattr(mail, one.action, None))
        )
        clicks = [
            at for n, at in enumerate(mail.clicks) if not one.link or _link_fits(one.link, mail.links[n], f"Link {n}")
        ]
        times = {"opened": mail.opens, "clicked": clicks}.get(one.action, [] if single is None else [single])
        happened = sum(_in(one, [at]) for at in times)
        if one.action == "opened" and not happened:  # a click or an answer shows that it was seen
            happened = int(_in(one, [at for at in (*mail.clicks, mail.replied) if at is not None]))
        count += happened
    return count >= one.least


def _link_fits(pattern: str, *texts: str) -> bool:
    wanted = ".*".join(map(re.escape, _lower(pattern).split("*")))
    return any(re.fullmatch(wanted, _lower(text), re.DOTALL) for text in texts)


# The tests


@pytest.fixture
def world(store: Store) -> Store:
    fill(store)
    return store


def _addresses(store: Store, known: tree.Expression, stood_since: int = 0) -> list[str]:
    """Whom the store chooses: by sets, and as it looks up each contact when an audience is read in pages."""
    with store.segments._database.read() as connection:
        columns = contacts.c.id, contacts.c.address, contacts.c.spelled
        found = [
            sorted(row.address for row in connection.execute(select(*columns).where(condition)))
            for condition in (chooses(known, paged=paged, stood_since=stood_since) for paged in (False, True))
        ]
    assert found[0] == found[1]
    return found[0]


def _with_ids(leaf: tree.Expression) -> tree.Expression:
    match leaf:
        case tree.OnList():
            return tree.OnList(Reference(id=ids[NEWS]), leaf.status)
        case tree.Tagged():
            return tree.Tagged(Reference(id=ids[VIP]))
        case tree.InSegment():
            return tree.InSegment(Reference(id=ids[HOT]))
        case tree.Did() if leaf.campaign is not None:
            return tree.in_campaign(leaf, Reference(id=leaf.campaign.id or SPRING))
        case _:
            return leaf


ASKED = (
    "everyone",
    "opened()",
    "not opened()",
    "opened() >= 2",
    "opened() >= 4",
    "opened(since='2026-04-01')",
    "opened(before='2026-02-01')",
    "opened(campaign=#000000000000000e) >= 3",
    "opened(campaign=#000000000000000f)",
    "clicked() = 2",
    "clicked(subject='OFFER')",
    "sent(subject='50%')",
    "sent(subject='5_%')",
    "sent() >= 2",
    "opened(since='2026-02-01') >= 2",
    "opened(since='2026-02-01', before='2026-04-01')",
    "opened(since='2026-02-01', before='2026-03-01')",
    "opened(campaign=#000000000000000e, since='2026-01-01', before='2026-04-01') >= 2",
    "clicked(since='2026-05-01') >= 2",
    "clicked(link='*shop.example*')",
    "clicked(link='https://shop.example/a_b*')",
    "clicked(link='link 1')",
    "clicked(link='*', before='2026-04-01')",
    "clicked(link='shop')",
    "replied(since='2026-05-01') or bounced()",
    "complained() and not unsubscribed()",
    "unsubscribed() or autoresponded(before='2026-01-01')",
    "opens_tracked()",
    "not opens_tracked(subject='Hello')",
    "clicks_tracked(since='2026-03-01') >= 2",
    "opens_tracked() and not opened()",
    "state('new')",
    "state('active') or state('hot')",
    "not state('unreachable')",
    "score() >= 60",
    "score() < 60",
    "not score() < 60",
    "score() != 0",
    "list('News') or list('News', status='unsubscribed')",
    "not list('News', status='pending')",
    "tag('vip') or segment('Hot')",
    "not segment('Hot')",
    "consent('mail') = 'given'",
    "consent('opens') = 'unknown'",
    "suppressed(reason='complained')",
    "not suppressed()",
    "added(since='2026-03-01', before='2026-05-01')",
    "field('Age') > 8",
    "field('Age') < 0",
    "field('Age') != 30",
    "field('Age') = '30'",
    "field('City') = 'Bonn'",
    "field('City') contains 'BON'",
    "field('City') in ('Köln', 'bonn')",
    "field('City') is empty",
    "name is not empty and name < 'B'",
    "name contains '_'",
    "name contains '%'",
    "name starts with 'é'",
    "name > 'Z'",
    "domain = 'example.org'",
    "domain != 'example.org'",
    "domain contains 'example.o'",
    "domain starts 'sub'",
    "domain ends 'example.org'",
    "domain contains 'alice'",
    "address starts 'alice@'",
)


def test_every_kind_of_expression_chooses_whom_it_says(world: Store) -> None:
    wrong = {}
    for text in ASKED:
        expression = parse_expression(text)
        known = tree.changed(expression, _with_ids)
        expected = sorted(one.address for one in PEOPLE if holds(known, one))
        found = _addresses(world, known)
        if found != expected or world.segments.count(known) != len(expected):
            wrong[text] = (found, expected)
    assert not wrong


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(trees(leaves(refs(sampled_from(("x",))))))
def test_any_expression_chooses_whom_it_says(world: Store, expression: tree.Expression) -> None:
    known = tree.changed(expression, _with_ids)
    expected = sorted(one.address for one in PEOPLE if holds(known, one))
    assert _addresses(world, known) == expected


def test_the_mailable_of_it_are_an_audience_in_pages(world: Store) -> None:
    chosen = Audience(segment=tree.Everyone())
    pages = []
    after = 0
    while page := world.contacts.audience_page(chosen, after, limit=1):
        pages += [one.contact.address for one in page]
        after = page[-1].contact.id
    assert pages == ["alice@example.org", "carol@xn--mnchen-3ya.example", "eve@example.com"]
    assert world.contacts.audience_count(chosen) == len(pages)


BOB, DAVE = "bob@example.org", "dave@sub.example.org"


@pytest.mark.parametrize(
    ("text", "stood_since", "wanted"),
    [
        ("opened", MARCH, [BOB]),  # dave's opening in March is not judged yet
        ("opened", MARCH + 1, [BOB, DAVE]),
        ("clicked", MARCH, []),
        ("clicked", MAY, [BOB]),
        ("clicked and not opened(subject='Offer 1')", MAY + 1, [DAVE]),
        ("not clicked and not suppressed and sent", MARCH, ["eve@example.com"]),
        ("not (not clicked)", MARCH, []),
        ("opened(since='2026-03-01')", MARCH, [BOB]),
        ("clicked(link='https://shop.example/axb')", MAY, []),
        ("clicked(link='https://shop.example/axb')", MAY + 1, [DAVE]),
    ],
)
def test_an_opening_or_click_chooses_somebody_once_it_has_stood(
    world: Store, text: str, stood_since: int, wanted: list[str]
) -> None:
    """Who is chosen for not having done it is not, as soon as there is any."""
    found = _addresses(world, parse_expression(text), stood_since=stood_since)
    assert found == wanted


def test_what_mail_is_about_can_be_asked(store: Store) -> None:
    """Of a topic in any case; `test_content` has where messages have topics from."""
    done = {"clicked": 1}
    for name, topic in (("Spring", "Prices"), ("Autumn", "Jobs")):
        past_campaign(store, 1, name, HOUR_US, 2, done, topics=(topic,))
    store.contacts.add("p0@example.net", 1)
    counts = [
        store.segments.count(parse_expression(text))
        for text in ("clicked(topic='prices') >= 1", "clicked(topic='prices') >= 2", "clicked(topic='Garden')")
    ]
    assert counts == [1, 0, 0]
