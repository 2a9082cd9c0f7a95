"""The demo's two months, one happening after the other: what is sent, and what its recipients do."""

import html
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from types import MappingProxyType
from typing import Final

from postlude.app.demo.clock import DAY, HOUR, MINUTE, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.demo.outbox import Delivered, DemoOutbox
from postlude.app.demo.story import DRAFT, MAILINGS, NOTES, Mailing, Note, Person, people
from postlude.app.demo.visitors import CHROME, Client, habit_of, visits
from postlude.feedback.build import build_bounce
from postlude.kit.clock import MICROS_PER_SECOND, to_datetime
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint
from postlude.services.campaigns.drafts import VariantContent, change_campaign, create_campaign
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.contacts import contacts, suppressions
from postlude.services.contacts.lists import add_list
from postlude.services.sandbox.recipient import HOST, RecipientAction, build_feedback
from postlude.store.campaigns.rows import Campaign, CampaignOptions
from postlude.store.contacts.rows import Audience
from postlude.tokens import Kind

DAYS: Final = 60
CONTACTS: Final = 140
_LATER: Final = 25  # contacts that come with the second import
_TEST_HOURS: Final = 6
_CLOSE: Final = 0.9  # how likely a single mail is opened
_ANSWERS: Final = {
    "replies": (RecipientAction.REPLY, "Thank you, that helps. Can we talk on Thursday?"),
    "away": (RecipientAction.AWAY, "I am out of the office until Monday and read this when I am back."),
    "bounces": (RecipientAction.BOUNCE, ""),
    "complains": (RecipientAction.SPAM, ""),
}
_LINK: Final = re.compile(r"\[([^]]+)\]\(([^)]+)\)")
Progress = Callable[[float], None]
Happening = Callable[[], Awaitable[None]]


def beginning(end: int) -> int:
    """The midnight (UTC) at which the story that ends at `end` begins."""
    return end - end % DAY - (DAYS - 1) * DAY


class Play:
    """Plays the story on an instance. The same seed and end give the same reports."""

    def __init__(self, instance: DemoInstance, clock: DemoClock, end: int, seed: int) -> None:
        self._instance: Final = instance
        self._clock: Final = clock
        self._end: Final = end
        self._start: Final = beginning(end)
        self._seed: Final = seed
        self._chance: Final = Random(f"demo {seed}")  # noqa: S311 - a story, no secret
        self._people: Final = people(CONTACTS, self._chance)
        self._habits: Final = {person.address: habit_of(self._chance) for person in self._people}
        self._fates: Final = {person.address: person.fate for person in self._people}
        self._coming: Final[list[tuple[int, int, Happening]]] = []
        self._numbers: Final = count()
        self._interest = 0.0
        self._answers: Final[dict[tuple[str, str], str]] = {}

    async def run(self, progress: Progress) -> None:
        """All of it; `progress` is told the share that is done."""
        full = frozenset(person.address for person in self._people if person.fate == "full")
        await self._instance.send_into(
            DemoOutbox(self._instance.parts, self._clock, self._chance, full, self._delivered)
        )
        self._plan()
        state = random.getstate()
        random.seed(self._seed)  # who gets which variant is drawn there
        try:
            while self._coming and self._coming[0][0] < self._end:
                at, _, happen = heappop(self._coming)
                self._clock.move_to(at)
                await happen()
                progress((at - self._start) / (self._end - self._start))
        finally:
            random.setstate(state)
        self._clock.move_to(self._end)
        await self._instance.digest()

    def _at(self, day: int, hour: int, minute: int = 0) -> int:
        return self._start + day * DAY + (hour * 60 + minute) * MINUTE

    def _later(self, at: int, happen: Happening) -> None:
        heappush(self._coming, (at, next(self._numbers), happen))

    def _plan(self) -> None:
        async def first_contacts() -> None:
            self._lists()
            self._import(self._people[:-_LATER], ("shop",))

        async def further_contacts() -> None:
            self._import(self._people[-_LATER:], ("fair",))
            suppressions.suppress(
                self._instance.store, self._clock, "noreply@example.org", by="Olivia", note="asked on the telephone"
            )

        self._later(self._at(0, 9), first_contacts)
        self._later(self._at(22, 15), further_contacts)
        self._later(self._at(34, 11), self._strange_bounce)
        for note in NOTES:
            self._later(self._at(note.day, note.hour, self._chance.randrange(50)), partial(self._write, note))
        for mailing in MAILINGS:
            self._later(self._at(mailing.day, mailing.hour), partial(self._mail_all, mailing))
        self._later(self._at(DRAFT.day, DRAFT.hour), self._draft)

    # What the shop does

    def _lists(self) -> None:
        store, clock = self._instance.store, self._clock
        news = add_list(
            store, clock, "News", {"description": "What is new at the shop", "public": True, "double_optin": False}
        )
        customers = add_list(store, clock, "Customers", {"description": "Who bought something", "double_optin": False})
        self._list_ids = {"News": news.id, "Customers": customers.id}
        contacts.add_contact(store, clock, "press@example.org", name="The Press", fields={"town": "Leeds"})

    def _import(self, persons: list[Person], tags: tuple[str, ...]) -> None:
        rows = [["email", "name", "town"], *([one.address, one.name, one.town] for one in persons)]
        self._instance.import_contacts(rows, list(self._list_ids.values()), tags)

    async def _write(self, note: Note) -> None:
        user = self._instance.user
        to = [self._people[number] for number in note.to]
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((user.name, user.address))
        mail["To"] = ", ".join(formataddr((one.name, one.address)) for one in to)
        mail["Subject"] = note.subject
        mail["Date"] = format_datetime(to_datetime(self._clock.now()))
        mail.set_content(_LINK.sub(r"\1: \2", note.text) + f"\n{user.name}\n")
        text = _LINK.sub(r'<a href="\2">\1</a>', note.text.replace("\n\n", "</p><p>"))
        mail.add_alternative(f"<p>{text}</p><p>{html.escape(user.name)}</p>", subtype="html")
        if note.what_comes:
            self._answers[to[0].address, note.subject] = note.what_comes
        await self._instance.submit([one.address for one in to], mail.as_bytes())

    async def _mail_all(self, mailing: Mailing) -> None:
        campaign = self._drafted(mailing)
        instance = self._instance
        schedule_campaign(instance.store, instance.contents, self._clock, campaign.id)
        await instance.run_campaigns()
        if len(mailing.subjects) > 1:
            self._later(self._clock.now() + _TEST_HOURS * HOUR + MINUTE, instance.run_campaigns)

    async def _draft(self) -> None:
        self._drafted(DRAFT)

    def _drafted(self, mailing: Mailing) -> Campaign:
        instance = self._instance
        made = create_campaign(instance.store, self._clock, instance.user, mailing.name)
        variants = {
            name: VariantContent(
                subject=subject, preheader=mailing.preheader, html=mailing.html if name == "A" else None
            )
            for name, subject in zip("AB", mailing.subjects, strict=False)
        }
        test = len(mailing.subjects) > 1
        options = CampaignOptions(test_percent=40 if test else 0, test_hours=_TEST_HOURS)
        audience = Audience(lists=(self._list_ids["News"],))
        self._interest = mailing.interest
        return change_campaign(instance.store, made.id, {}, variants, audience, options)

    # What recipients do

    def _delivered(self, mail: Delivered) -> None:
        """Plan what comes of a mail; the chance is the recipient's own, whatever order mail leaves in."""
        chance = Random(f"{self._seed} {mail.recipient} {mail.subject}")  # noqa: S311 - a story, no secret
        habit = self._habits[mail.recipient]
        campaign = mail.copy.kind is Kind.CAMPAIGN
        interest = self._interest if campaign else _CLOSE
        for visit in visits(habit, chance, mail.at, len(mail.links), interest):
            position = mail.links[visit.link] if visit.link >= 0 else -1
            endpoint = HitEndpoint.LINK if visit.link >= 0 else HitEndpoint.PIXEL
            self._later(visit.at, self._visit(mail, endpoint, position=position, client=visit.client))
        wanted = self._answers.get((mail.recipient, mail.subject)) or (self._fates[mail.recipient] if campaign else "")
        self._answer(mail, wanted, chance)

    def _answer(self, mail: Delivered, wanted: str, chance: Random) -> None:
        soon, day = mail.at + chance.randrange(1, 40) * MICROS_PER_SECOND, chance.randrange(2, 30) * HOUR
        if wanted == "leaves":
            self._later(mail.at + day, self._visit(mail, HitEndpoint.UNSUBSCRIBE_PAGE, method="GET"))
            leaving = self._visit(mail, HitEndpoint.UNSUBSCRIBE, method="POST", facts={"how": "page"})
            self._later(mail.at + day + 9 * MICROS_PER_SECOND, leaving)
        elif wanted == "limits":
            facts = {"opens": "off", "clicks": "off"}
            self._later(mail.at + day, self._visit(mail, HitEndpoint.PREFERENCES, method="POST", facts=facts))
        elif wanted in _ANSWERS:
            action, text = _ANSWERS[wanted]
            at = mail.at + day if action in {RecipientAction.REPLY, RecipientAction.SPAM} else soon
            self._later(at, lambda: self._act(action, mail, text))

    def _visit(
        self,
        mail: Delivered,
        endpoint: HitEndpoint,
        *,
        position: int = -1,
        client: Client = CHROME,
        method: str = "GET",
        facts: Mapping[str, str] = MappingProxyType({}),
    ) -> Happening:
        async def visit() -> None:
            self._instance.see(
                Hit(
                    self._clock.now(),
                    endpoint,
                    int(mail.copy.kind),
                    mail.copy.scope,
                    mail.copy.copy,
                    position,
                    method,
                    client.user_agent,
                    client.address,
                    {"accept-language": "en-GB"},
                    {**client.facts, **facts},
                )
            )

        return visit

    async def _act(self, action: RecipientAction, mail: Delivered, text: str) -> None:
        now = self._clock.now()
        back = build_feedback(action, mail.raw, mail_from=mail.mail_from, recipient=mail.recipient, text=text, at=now)
        self._instance.returned(*back)

    async def _strange_bounce(self) -> None:
        """Another server returns a mail that did not leave here: it waits in the review queue."""
        owner, now = self._instance.user.address, self._clock.now()
        original = f"From: <{owner}>\r\nTo: <printer@example.org>\r\nSubject: Scan\r\n\r\nPage 1\r\n".encode()
        told = "550 5.1.1 <printer@example.org>: Recipient address rejected: User unknown"
        bounce = build_bounce(
            original,
            recipient="printer@example.org",
            reporting_mta=HOST,
            status="5.1.1",
            diagnostic=told,
            at=now,
            to=f"<{owner}>",
        )
        self._instance.returned("", owner, bounce)
