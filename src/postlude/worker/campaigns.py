"""The campaign worker: claims and composes the copies of running campaigns; the pump hands them over."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypeVar

from postlude.compose import TemplateError
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.loop import Troubled, retried
from postlude.model.answer import Answer
from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.model.observation import Attempt, encode_observation
from postlude.model.words import IfIndeterminate, SendOutcome
from postlude.services.accounts.sender_settings import if_indeterminate
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.sender import campaign_sender
from postlude.services.campaigns.work import CampaignWork
from postlude.services.messages.attempt_log import CopyTaken, JournaledStart
from postlude.services.messages.one_attempt import one_attempt
from postlude.services.messages.result_log import ResultLog
from postlude.services.messages.retry import RetrySchedule, attempt_of
from postlude.services.ports import Outgoing, Throttled, Transport
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, CampaignClaim
from postlude.worker.pump import Pump, wait_for_any

_CLAIM: Final = 1000  # most claimed copies; about 1 MB while they wait
_LEAST_CLAIM: Final = 100
_CLAIM_S: Final = 5.0  # what leaves in so long is claimed ahead: with a slow server another campaign need not wait
_LOOK_S: Final = 0.5  # a paused campaign stops within this, and the few that are being handed over
_IDLE_S: Final = 1.0
_GRACE_S: Final = 60.0
_SOON: Final = 10 * MICROS_PER_SECOND
_DAY: Final = 86_400 * MICROS_PER_SECOND
_REFUSED: Final = (StorageError, InUseError)

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class WatchWorkers(Protocol):
    """Looks after what dead workers left."""

    def __call__(self) -> Awaitable[None]:
        """One look; called every few seconds."""
        ...


class WatchTrouble(Protocol):
    """Has somewhere shown what a part is in trouble with."""

    def __call__(self, part: Troubled, /) -> object:
        """From now on."""
        ...


@dataclass(frozen=True, kw_only=True)
class CampaignDeps:
    """Dependencies of the campaign worker."""

    store: Store
    work: CampaignWork
    composer: CopyComposer
    transport: Transport
    results: ResultLog
    clock: Clock
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    idle_end_s: float = 0.0
    """End after so long without a campaign to send; 0: never."""
    watch: WatchWorkers | None = None
    """Called now and then: looks after what other, dead workers left."""
    took: CopyTaken | None = None
    """Called with each copy when its first byte may leave."""
    begins: WatchTrouble | None = None
    """Called with what says why campaigns do not leave."""


async def run_campaigns(deps: CampaignDeps, stop: asyncio.Event) -> None:
    """Send campaigns until `stop`, or until there has been none for a time.

    Returns when every result is durable and every claim of which nothing has left is given back.
    """
    pump: Pump[CampaignClaim] = Pump(
        name="campaign worker",
        problem="campaigns do not leave",
        connections=deps.transport.concurrency,
        grace_s=_GRACE_S,
        append=deps.results.append,
        clock=deps.clock,
    )
    if deps.took is not None:
        pump.starts.took = deps.took
    if deps.begins is not None:
        deps.begins(pump)
    await pump.run(_Campaigns(deps, pump), stop)


class _Campaigns:
    """A CopySource: the copies of all running campaigns, in parallel, as many ahead as are sent in some seconds."""

    def __init__(self, deps: CampaignDeps, pump: Pump[CampaignClaim]) -> None:
        self._deps = deps
        self._pump = pump
        self._campaigns: dict[int, Campaign] = {}
        self._idle_since = deps.clock.now()

    async def feed(self) -> float:
        """One round: claim what is due, then look after what comes next."""
        busy = await self._claim()
        now = self._deps.clock.now()
        if busy or self._pump.in_hand or await self._due_soon(now):
            self._idle_since = now
        elif self._deps.idle_end_s and now - self._idle_since > self._deps.idle_end_s * MICROS_PER_SECOND:
            self._pump.end()
            return 0.0
        if not busy:
            if self._deps.watch is not None:
                await self._deps.watch()
            seconds = _LOOK_S if self._pump.waiting else _IDLE_S
            self._pump.well(seconds)
            await wait_for_any(seconds, (self._pump.stop, self._pump.hungry))
        return 0.0

    def claim_of(self, item: CampaignClaim) -> CampaignClaim:
        """Which copy it is, and of what state."""
        return item

    def may_last(self, item: CampaignClaim) -> bool:
        """No: a campaign's copies are small, or all of them are slow."""
        del item
        return False

    async def hand_over(self, item: CampaignClaim, start: JournaledStart) -> None:
        """Return when its result is on its way to the disk; waits while the disk takes none."""
        await self._deps.results.ready()
        campaign = self._campaigns.get(item.campaign)
        if campaign is None:  # paused meanwhile: what is being handed over still leaves
            campaign = await self._asked("reading the campaign", partial(self._deps.store.campaigns.get, item.campaign))
        answer, tracked = await self._answer(campaign, item, start)
        if isinstance(answer, Throttled):
            postpone = partial(self._deps.store.campaigns.postpone, [item.copy], answer.until)
            await self._asked(f"postponing copy {item.copy:016x}", postpone)
        elif answer is not None:
            twice = answer.outcome is SendOutcome.INDETERMINATE and await self._rather_twice(campaign)
            attempt = self._attempt(campaign, item, answer, tracked, rather_twice=twice)
            self._deps.results.put(encode_observation(attempt))

    async def give_back(self, items: Sequence[CampaignClaim]) -> None:
        """Nothing of these has left."""
        if items:
            await asyncio.to_thread(self._deps.store.campaigns.give_back, [claim.copy for claim in items])

    async def settled(self) -> None:
        """Return when every result is durable."""
        await self._deps.results.settled()

    async def _claim(self) -> bool:
        """Claim from all campaigns under way; True when there is more to do at once."""
        work, pump, wait_s = self._deps.work, self._pump, self._deps.transport.wait_s()
        ahead = max(_LEAST_CLAIM, min(_CLAIM, int(_CLAIM_S * pump.rate))) if pump.rate else 2 * _LEAST_CLAIM
        pump.low = ahead // 2
        pump.hungry.clear()
        under_way = await asyncio.to_thread(work.under_way)
        self._campaigns = {campaign.id: campaign for campaign in under_way}
        await self._drop_stopped()
        busy = False
        share = ahead // max(1, len(under_way))  # simultaneous campaigns are sent in parallel
        held = Counter(claim.campaign for claim in pump.waiting)
        for campaign in under_way:
            busy = await asyncio.to_thread(work.enqueue_audience, campaign) or busy
            room = 0 if wait_s else share - held[campaign.id]
            if room < share // 2:
                continue
            claims = await asyncio.to_thread(work.claim, campaign, room)
            if claims:
                busy = True
                pump.add(claims)
            elif not pump.in_hand:
                await asyncio.to_thread(work.finish, campaign)
        return busy and len(pump.waiting) < ahead // 2

    async def _drop_stopped(self) -> None:
        """Return the waiting copies of campaigns that were paused or cancelled meanwhile."""
        stopped = self._pump.remove_waiting(lambda claim: claim.campaign not in self._campaigns)
        try:
            await self.give_back(stopped)
        except BaseException:
            self._pump.add(stopped)
            raise

    async def _due_soon(self, now: int) -> bool:
        due = await asyncio.to_thread(self._deps.work.next_due, list(self._campaigns.values()))
        return due is not None and due < now + _SOON

    async def _answer(
        self, campaign: Campaign, claim: CampaignClaim, start: JournaledStart
    ) -> tuple[Answer | Throttled | None, int]:
        """What came of it, and what can be seen of the copy (`Tracked`)."""
        try:
            compose = partial(self._composed, campaign, claim)
            composed = await retried(f"composing copy {claim.copy:016x}", compose, _REFUSED)
        except (TemplateError, SettingError) as error:  # a key that is lost is the operator's to mend, as a template is
            pause_it = partial(self._deps.work.pause, campaign.id, str(error))
            await self._asked(f"pausing campaign {campaign.id:016x}", pause_it)
            return Throttled(0, str(error)), -1
        except Exception as error:  # noqa: BLE001 - on any failure the copy stays and is tried again
            _log.exception("copy %016x could not be composed", claim.copy)
            return Answer(SendOutcome.DEFERRED, text=f"{type(error).__name__}: {error}", phase="prepare"), -1
        if isinstance(composed, Answer):
            return composed, -1
        return await one_attempt(self._deps.transport, composed, start), composed.tracked

    async def _composed(self, campaign: Campaign, claim: CampaignClaim) -> Outgoing | Answer:
        composer = self._deps.composer
        if composer.is_costly(campaign, claim):
            return await asyncio.to_thread(composer.compose, campaign, claim)
        return composer.compose(campaign, claim)

    async def _asked(self, what: str, call: Callable[[], _T]) -> _T:
        """Ask the store, in a thread, until it answers: a copy that is claimed must not be forgotten."""
        return await retried(what, partial(asyncio.to_thread, call), _REFUSED)

    async def _rather_twice(self, campaign: Campaign) -> bool:
        ask = partial(if_indeterminate, self._deps.store, campaign_sender(campaign))
        return await self._asked("reading the sender's settings", ask) is IfIndeterminate.RATHER_TWICE

    def _attempt(
        self, campaign: Campaign, claim: CampaignClaim, answer: Answer, tracked: int, *, rather_twice: bool
    ) -> Attempt:
        now = self._deps.clock.now()
        began = (campaign.started_at or now) + (_DAY if campaign.options.local_time else 0)
        return attempt_of(
            claim, answer, self._deps.retry, now=now, began=began, tracked=tracked, rather_twice=rather_twice
        )
