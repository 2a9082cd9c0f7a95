"""Sends simulated mailings through a real instance and lets their recipients ask for what they ask for."""

import codecs
import html
import re
from collections.abc import Callable, Sequence
from heapq import heapify, heappop
from random import Random
from typing import Final, NamedTuple

from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.demo.outbox import Delivered, DemoOutbox
from postlude.app.simulate.edge_client import EdgeClient
from postlude.app.simulate.truth import CopyTruth, SimulatedHit
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.mail.bodies import read_bodies
from postlude.model.event import Event
from postlude.population import Fate, Reader, SimulatedMailing, SimulatedRequest, decide_fate, draw_readers, requests_of
from postlude.population.requests import PIXEL, REPLY, UNSUBSCRIBE
from postlude.services.campaigns.drafts import VariantContent, change_campaign, create_campaign
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.contacts.lists import add_list
from postlude.services.sandbox.recipient import FeedbackMail, RecipientAction, build_feedback, one_click_url
from postlude.store.contacts.rows import Audience

BETWEEN: Final = 10 * DAY
"""From one mailing to the next: who reads late has read by then."""
_DIGEST_EVERY: Final = 2_000
_COPIES_AT_ONCE: Final = 1_000
Progress = Callable[[float], None]


class SimulationOrder(NamedTuple):
    """What is simulated."""

    people: int = 1_000
    mailings: int = 1
    links: int = 5
    seed: int = 1
    in_process: bool = False
    """Without mail and HTTP: faster, and without replies."""

    def mailing(self, number: int) -> SimulatedMailing:
        """The mailing of this number, from 0."""
        return SimulatedMailing(self.seed * 1_000 + number, links=self.links)


class SimulationResult(NamedTuple):
    """What was done, and what the instance made of it."""

    campaigns: tuple[int, ...]
    hits: tuple[SimulatedHit, ...]
    copies: tuple[CopyTruth, ...]
    events: tuple[Event, ...]


class _Due(NamedTuple):
    """One request at its time; the number keeps the order of equals."""

    at: int
    number: int
    mail: Delivered
    reader: Reader
    request: SimulatedRequest


class _Mailed(NamedTuple):
    mail: Delivered
    reader: Reader
    fate: Fate


class SimulatedPlay:
    """One simulation. The same order gives the same requests; ids and tokens are the instance's own."""

    def __init__(
        self,
        instance: DemoInstance,
        clock: DemoClock,
        order: SimulationOrder,
        progress: Progress,
        readers: Sequence[Reader] | None = None,
    ) -> None:
        """`readers`: instead of those that the order draws."""
        self._instance: Final = instance
        self._clock: Final = clock
        self._order: Final = order
        self._progress: Final = progress
        drawn = draw_readers(order.people, order.seed) if readers is None else readers
        self._readers: Final = {one.address: one for one in drawn}
        self._delivered: list[Delivered] = []
        self._hits: Final[list[SimulatedHit]] = []
        self._copies: Final[list[CopyTruth]] = []

    async def run(self) -> SimulationResult:
        """All mailings, one after another."""
        instance, order = self._instance, self._order
        chance = Random(order.seed)  # noqa: S311 - a model, no secret
        await instance.send_into(
            DemoOutbox(instance.parts, self._clock, chance, frozenset(), self._delivered.append, keep=False)
        )
        news = add_list(instance.store, self._clock, "Simulated", {"double_optin": False})
        instance.import_contacts([["email"], *([address] for address in self._readers)], [news.id], ())
        campaigns = []
        async with EdgeClient(instance.parts, self._clock) as edge:
            for number in range(order.mailings):
                start = self._clock.now()
                campaigns.append(await self._send(number, news.id))
                await self._play(edge, number)
                self._clock.move_to(start + BETWEEN)
        await instance.digest()
        return SimulationResult(tuple(campaigns), tuple(self._hits), tuple(self._copies), tuple(self._events()))

    async def _send(self, number: int, to: int) -> int:
        instance, clock = self._instance, self._clock
        made = create_campaign(instance.store, clock, instance.user, f"Simulated mailing {number + 1}")
        content = VariantContent(subject=f"Mailing {number + 1}", html=_page(self._order.links))
        campaign = change_campaign(instance.store, made.id, {}, {"A": content}, Audience(lists=(to,)))
        schedule_campaign(instance.store, instance.contents, clock, campaign.id)
        self._delivered.clear()
        await instance.run_campaigns()
        return campaign.id

    async def _play(self, edge: EdgeClient, number: int) -> None:
        mailing = self._order.mailing(number)
        mailed = [self._mailed(mail, mailing) for mail in self._delivered]
        due = [
            _Due(mail.at + int(request.after * MICROS_PER_SECOND), place, mail, reader, request)
            for place, (mail, reader, request) in enumerate(
                (one.mail, one.reader, request)
                for one in mailed
                for request in requests_of(one.reader, mailing, one.fate)
            )
        ]
        heapify(due)
        total = len(due)
        while due:
            await self._ask(edge, heappop(due))
            if len(due) % _DIGEST_EVERY == 0:
                await self._instance.digest()
                self._progress((number + 1 - len(due) / total) / self._order.mailings)

    def _mailed(self, mail: Delivered, mailing: SimulatedMailing) -> _Mailed:
        reader = self._readers[mail.recipient]
        fate = decide_fate(reader, mailing)
        if fate.bounced:
            self._instance.returned(*self._back(RecipientAction.BOUNCE, mail, mail.at))
        self._copies.append(
            CopyTruth(
                mail.copy.copy, mail.recipient, reader.knowable, fate.opened, fate.links, fate.replied, fate.bounced
            )
        )
        return _Mailed(mail, reader, fate)

    def _back(self, action: RecipientAction, mail: Delivered, at: int) -> FeedbackMail:
        return build_feedback(action, mail.raw, mail_from=mail.mail_from, recipient=mail.recipient, text="", at=at)

    async def _ask(self, edge: EdgeClient, due: _Due) -> None:
        mail, reader, request = due.mail, due.reader, due.request
        self._clock.move_to(max(due.at, self._clock.now() + 1))  # no two requests in one microsecond
        status = 0
        if request.link == REPLY:
            self._instance.returned(*self._back(RecipientAction.REPLY, mail, self._clock.now()))
        else:
            who = request.program
            url = _url(self._instance, mail, request.link)
            if request.damaged:
                url = _with_turned_alphabet(url, self._instance.parts.prefixes.link)
            status = await edge.ask(request.method, url, who.user_agent, who.address, who.headers)
        self._hits.append(
            SimulatedHit(
                self._clock.now(),
                mail.copy.copy,
                mail.recipient,
                request.link,
                request.doer,
                request.method,
                reader.reading,
                reader.filter,
                status,
            )
        )

    def _events(self) -> Sequence[Event]:
        copies = [one.copy for one in self._copies]
        parts = (copies[start : start + _COPIES_AT_ONCE] for start in range(0, len(copies), _COPIES_AT_ONCE))
        return [event for part in parts for event in self._instance.history.of_copies(part)]


def _url(instance: DemoInstance, mail: Delivered, link: int) -> str:
    """The URL as it stands in the mail that was delivered."""
    if link == UNSUBSCRIBE:
        return one_click_url(mail.raw)
    base, prefixes = re.escape(instance.parts.settings.public_edge), instance.parts.prefixes
    page = read_bodies(mail.raw).html or ""
    if link == PIXEL:
        found = re.search(rf'["\x27]({base}/{prefixes.pixel}/[^"\x27]+)', page)
        assert found is not None, "a simulated mail without a pixel"
        return html.unescape(found[1])
    position = mail.links[link]
    found = re.search(rf'["\x27]({base}/{prefixes.link}/[^"\x27/]+/{position}\.[^"\x27]+)', page)
    assert found is not None, "a simulated mail without its links"
    return html.unescape(found[1])


def _with_turned_alphabet(url: str, prefix: str) -> str:
    start, mark, carried = url.partition(f"/{prefix}/")
    return start + mark + codecs.encode(carried, "rot13")


def _page(links: int) -> str:
    rows = "".join(f'<p><a href="https://shop.example/{number}">Offer {number}</a></p>' for number in range(links))
    return f'<html><body><p>News</p>{rows}<p><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p></body></html>'
