"""The campaign worker: claims by the hundred, says what it is about to hand over, hands it over.

Three steps, each a little ahead of the next: copies are claimed in one transaction for hundreds (CLAIMED), a few of
them are journaled as begun, and only those are handed over. So a worker that is killed leaves a few copies that may
have left, and gives all others back.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Protocol

from postlude.compose import TemplateError
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.loop import TaskLoop
from postlude.model.answer import Answer
from postlude.model.errors import InUseError, StorageError
from postlude.model.observation import Attempt, Begun, encode
from postlude.model.words import SendOutcome
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.work import CampaignWork
from postlude.services.messages.result_log import ResultLog
from postlude.services.messages.retry import RetrySchedule, attempt_of
from postlude.services.ports import Append, Held, Transport
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, CampaignClaim

_CLAIM: Final = 1000  # copies in hand at most; about 1 MB while they wait
_LEAST_CLAIM: Final = 100
_CLAIM_S: Final = 5.0  # what leaves in so long is claimed ahead: with a slow server another campaign need not wait
_MOST_AHEAD: Final = 32  # begun and not yet handed over: what a kill may leave unsure
_LOOK_S: Final = 0.5  # a paused campaign stops within this, and the few that are begun
_IDLE_S: Final = 1.0
_GRACE_S: Final = 60.0
_SOON: Final = 10 * MICROS_PER_SECOND
_DAY: Final = 86_400 * MICROS_PER_SECOND

_log = logging.getLogger(__name__)


class WatchWorkers(Protocol):
    """Looks after what dead workers left."""

    def __call__(self) -> Awaitable[None]:
        """One look; called every few seconds."""
        ...


@dataclass(frozen=True, kw_only=True)
class CampaignDeps:
    """Everything the campaign worker is handed."""

    store: Store
    work: CampaignWork
    composer: CopyComposer
    transport: Transport
    append: Append
    results: ResultLog
    clock: Clock
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    idle_end_s: float = 0.0
    """End after so long without a campaign to send; 0: never."""
    watch: WatchWorkers | None = None
    """Called now and then: looks after what other, dead workers left."""


async def run_campaigns(deps: CampaignDeps, stop: asyncio.Event) -> None:
    """Send campaigns until `stop`, or until there has been none for a while.

    Returns when every result is durable and every claim that was not begun is given back.
    """
    await _Pump(deps, stop).run()


class _Pump:
    def __init__(self, deps: CampaignDeps, stop: asyncio.Event) -> None:
        self._deps = deps
        self._stop = stop
        self._campaigns: dict[int, Campaign] = {}
        self._claimed: deque[CampaignClaim] = deque()
        self._more = asyncio.Event()
        self._hungry = asyncio.Event()
        self._lanes = 2 * deps.transport.lanes
        self._ready: asyncio.Queue[CampaignClaim | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._ahead = self._lanes
        self._rate = 0.0
        self._in_advance = 2 * _LEAST_CLAIM
        self._in_hand = 0
        self._idle_since = deps.clock.now()
        self._loop = TaskLoop("campaign worker", self._feed, expected=(StorageError, InUseError))
        self._beginning = TaskLoop("campaign worker's journal", self._begin, expected=(StorageError,))
        self._handed = (0, perf_counter())

    async def run(self) -> None:
        lanes = [asyncio.create_task(self._lane(), name=f"campaign lane {number}") for number in range(self._lanes)]
        closing = asyncio.Event()
        begin = asyncio.create_task(self._beginning.run(closing), name="campaign begin")
        try:
            await self._loop.run(self._stop)
        finally:
            closing.set()
            self._more.set()
            self._room.set()
            await begin
            await self._end(lanes)

    async def _end(self, lanes: Sequence[asyncio.Task[None]]) -> None:
        """What is begun still leaves, the rest is given back."""
        await self._give_back(list(self._claimed))
        self._claimed.clear()
        for _ in lanes:
            self._ready.put_nowait(None)
        await asyncio.wait(lanes, timeout=_GRACE_S)
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        await self._deps.results.settled()

    async def _feed(self) -> float:
        busy = await self._feed_once()
        now = self._deps.clock.now()
        if busy or self._in_hand or await self._due_soon(now):
            self._idle_since = now
        elif self._deps.idle_end_s and now - self._idle_since > self._deps.idle_end_s * MICROS_PER_SECOND:
            self._loop.end()
            return 0.0
        if not busy:
            if self._deps.watch is not None:
                await self._deps.watch()
            self._loop.worked()
            await self._pause(_LOOK_S if self._claimed else _IDLE_S)
        return 0.0

    async def _feed_once(self) -> bool:
        """One round over the campaigns under way; True when there is more to do at once."""
        work, wait_s = self._deps.work, self._deps.transport.wait_s()
        self._hungry.clear()
        under_way = await asyncio.to_thread(work.under_way)
        self._campaigns = {campaign.id: campaign for campaign in under_way}
        await self._drop_stopped()
        busy = False
        share = self._in_advance // max(1, len(under_way))  # campaigns at the same time leave side by side
        held = Counter(claim.campaign for claim in self._claimed)
        for campaign in under_way:
            busy = await asyncio.to_thread(work.take_in, campaign) or busy
            room = 0 if wait_s else share - held[campaign.id]
            if room < share // 2:
                continue
            claims = await asyncio.to_thread(work.claim, campaign, room)
            if claims:
                busy = True
                self._in_hand += len(claims)
                self._claimed.extend(claims)
                self._more.set()
            elif not self._in_hand:
                await asyncio.to_thread(work.finish, campaign)
        return busy and len(self._claimed) < self._in_advance // 2

    async def _due_soon(self, now: int) -> bool:
        due = await asyncio.to_thread(self._deps.work.next_due, list(self._campaigns.values()))
        return due is not None and due < now + _SOON

    async def _pause(self, seconds: float) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._stop, self._hungry)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)

    async def _drop_stopped(self) -> None:
        """Give back what waits here of campaigns that were paused or cancelled meanwhile."""
        stopped = [claim for claim in self._claimed if claim.campaign not in self._campaigns]
        if stopped:
            self._claimed = deque(claim for claim in self._claimed if claim.campaign in self._campaigns)
            await self._give_back(stopped)

    async def _give_back(self, claims: Sequence[CampaignClaim]) -> None:
        if claims:
            await asyncio.to_thread(self._deps.store.campaigns.give_back, [claim.copy for claim in claims])
            self._in_hand -= len(claims)

    async def _begin(self) -> float:
        """Journal the next few copies as begun, then let the lanes have them."""
        if not self._claimed:
            self._more.clear()
            await self._more.wait()
            return 0.0
        if self._ready.qsize() > self._ahead // 2:
            self._room.clear()
            await self._room.wait()
            return 0.0
        some = [self._claimed.popleft() for _ in range(min(self._ahead, len(self._claimed)))]
        began = perf_counter()
        try:
            await self._deps.append(encode(Begun(self._deps.clock.now(), tuple(claim.copy for claim in some))))
        except StorageError:
            self._claimed.extendleft(reversed(some))
            raise
        self._pace(perf_counter() - began)
        if len(self._claimed) < self._in_advance // 2:
            self._hungry.set()
        for claim in some:
            self._ready.put_nowait(claim)
        return 0.0

    def _pace(self, sync_s: float) -> None:
        """Begin as many ahead as leave while the disk syncs: few with a slow server, enough with a slow disk."""
        now = perf_counter()
        left, since = self._handed
        self._handed = (0, now)
        self._rate += (left / max(now - since, 1e-6) - self._rate) / 4
        wanted = min(_MOST_AHEAD, int(2 * sync_s * self._rate))
        self._ahead = max(self._lanes, wanted, self._ahead - self._lanes)
        self._in_advance = max(_LEAST_CLAIM, min(_CLAIM, int(_CLAIM_S * self._rate)))

    async def _lane(self) -> None:
        while (claim := await self._ready.get()) is not None:
            if self._ready.qsize() <= self._ahead // 2:
                self._room.set()
            try:
                await self._deps.results.ready()
                await self._hand_over(claim)
            except Exception:  # noqa: BLE001 - the worker outlives what fails once
                # It stays SENDING: the next start reports it as unsure, which is the truth.
                _log.exception("copy %016x: its hand-over failed, the result is unknown", claim.copy)
            self._in_hand -= 1
            self._handed = (self._handed[0] + 1, self._handed[1])

    async def _hand_over(self, claim: CampaignClaim) -> None:
        campaign = self._campaigns.get(claim.campaign)
        if campaign is None:  # paused meanwhile: what is begun still leaves
            campaign = await asyncio.to_thread(self._deps.store.campaigns.get, claim.campaign)
        answer = await self._answer(campaign, claim)
        if isinstance(answer, Held):
            await asyncio.to_thread(self._deps.store.campaigns.postpone, [claim.copy], answer.until)
        elif answer is not None:
            self._deps.results.put(encode(self._attempt(campaign, claim, answer)))

    async def _answer(self, campaign: Campaign, claim: CampaignClaim) -> Answer | Held | None:
        try:
            composed = self._deps.composer.compose(campaign, claim)
        except TemplateError as error:
            await asyncio.to_thread(self._deps.work.pause, campaign.id, str(error))
            return Held(0, str(error))
        except Exception as error:  # noqa: BLE001 - whatever fails, the copy is kept and tried again
            _log.exception("copy %016x could not be composed", claim.copy)
            return Answer(SendOutcome.DEFERRED, text=f"{type(error).__name__}: {error}", phase="prepare")
        return composed if isinstance(composed, Answer) else await self._deps.transport.send(composed)

    def _attempt(self, campaign: Campaign, claim: CampaignClaim, answer: Answer) -> Attempt:
        now = self._deps.clock.now()
        began = (campaign.started_at or now) + (_DAY if campaign.options.local_time else 0)
        return attempt_of(claim, answer, self._deps.retry, now=now, began=began)
