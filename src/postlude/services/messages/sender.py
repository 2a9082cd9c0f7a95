"""Handing one claimed copy over: exactly one Attempt in the journal for every claim, whatever happens."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple, Protocol

from postlude.compose import envelope
from postlude.dkim import Signer
from postlude.instrument import Policy
from postlude.journal import Spool, checksum
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.file_trouble import about_a_file
from postlude.kit.loop import error_text, retried
from postlude.model.answer import Answer
from postlude.model.errors import DamagedError, InUseError, NotFoundError, PostludeError, SettingError, StorageError
from postlude.model.not_mailed import told
from postlude.model.observation import Attempt, encode_observation
from postlude.model.words import IfIndeterminate, MessagePurpose, SendOutcome
from postlude.services.accounts.sender_settings import if_indeterminate
from postlude.services.messages.attempt_log import JournaledStart
from postlude.services.messages.copy_headers import Marked, resigned, with_copy_headers
from postlude.services.messages.one_attempt import one_attempt
from postlude.services.messages.recovery import Digested
from postlude.services.messages.retry import RetrySchedule, attempt_of
from postlude.services.messages.tracker import Tracker
from postlude.services.ports import Append, Outgoing, PolicyOf, SignerOf, Throttled, Transport
from postlude.services.privacy.withdrawals import limited
from postlude.store import Store
from postlude.store.messages.rows import Claim, Message
from postlude.tokens import TokenCodec

_SETTLE_S: Final = 10.0
_TOLD_S: Final = 300.0
_REFUSED: Final = (StorageError, InUseError)
_OPERATORS: Final = (StorageError, SettingError)
"""What the operator has to mend: a key, a file, a disk."""
_HELD_US: Final = 60 * MICROS_PER_SECOND

_log = logging.getLogger(__name__)


async def _at_once(_journal: str) -> bool:
    return True


def _unsigned(_domain: str) -> Signer | None:
    return None


class MakeView(Protocol):
    """Makes the page that view-in-browser shows."""

    def __call__(self, message: int, raw: bytes, /) -> bool:
        """False when the message has none."""
        ...


@dataclass(frozen=True, kw_only=True)
class SenderDeps:
    """Dependencies of the worker."""

    store: Store
    spool: Spool
    append: Append
    clock: Clock
    transport: Transport
    tracker: Tracker
    codec: TokenCodec
    policy_of: PolicyOf
    """A user's tracking policy; called in a thread."""
    track_unknown: bool = True
    """Whether opens and clicks are recorded without consent."""
    make_view: MakeView = lambda _message, _raw: False
    """Makes the page of a message for view in browser; whether there is one."""
    return_domain: str = ""
    """Domain of our envelope senders; empty: the sender's own address stays."""
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    signer_of: SignerOf = _unsigned
    """The DKIM keys for mail from a domain."""
    journal: str = "app"
    """Name of the journal `append` writes to; its lock shows that this worker lives."""
    journals: Path | None = None
    """The folder `journal` is in: there is kept what has begun to leave."""
    digested: Digested = _at_once
    """Only when everything journaled has been digested is a claim without result a crash."""


class Ready(NamedTuple):
    """A claimed copy, composed; or the answer that is known without sending it, or until when it must wait."""

    claim: Claim
    copy: Outgoing | None = None
    created_at: int = 0
    untracked: str = ""
    answer: Answer | Throttled | None = None

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.copy.data) if self.copy is not None else 0


def _why_not(store: Store, claims: Sequence[Claim], messages: Mapping[int, Message]) -> dict[int, str]:
    """Why some of these copies may not leave, by copy."""
    refused: dict[int, str] = {}
    for purpose in MessagePurpose:
        mine = [one for one in claims if one.message in messages and messages[one.message].purpose is purpose]
        reasons = store.contacts.why_not([one.recipient for one in mine], purpose) if mine else {}
        refused |= {one.copy: reasons[one.recipient] for one in mine if one.recipient in reasons}
    return refused


class Sender:
    """Hands copies over, using `deps`."""

    def __init__(self, deps: SenderDeps) -> None:
        self._deps = deps
        self._keeping: Final[set[asyncio.Task[object]]] = set()
        self._unready = ("", 0.0)

    @property
    def problem(self) -> str:
        """Why a copy could not be made ready within the last minutes: it is tried again, and the others leave."""
        text, at = self._unready
        return f"mail could not be made ready and is tried again: {text}" if text and monotonic() - at < _TOLD_S else ""

    async def prepare(self, claims: Sequence[Claim], most_bytes: int) -> list[Ready]:
        """Compose claimed copies, in a thread, with one store query for all of them.

        In order; at least the first, and no further ones once `most_bytes` is reached.
        """
        return await asyncio.to_thread(self._prepare, claims, most_bytes)

    async def hand_over(self, ready: Ready, start: JournaledStart) -> SendOutcome | None:
        """One attempt for one claimed copy; its outcome, which is on its way into the journal (`settled`).

        None when a limit of ours held it: then nothing was tried and its claim is given back. StorageError when the
        journal did not take `start`: then nothing has left.
        """
        answer: Answer | Throttled | None = ready.answer
        if answer is None:
            assert ready.copy is not None
            answer = await one_attempt(self._deps.transport, ready.copy, start)
        copy = ready.claim.copy
        if isinstance(answer, Throttled):
            postpone = partial(self._deps.store.campaigns.postpone, [copy], answer.until, answer.text)
            await retried(f"postponing copy {copy:016x}", partial(asyncio.to_thread, postpone), _REFUSED)
            return None
        twice = answer.outcome is SendOutcome.INDETERMINATE and await self._rather_twice(ready)
        attempt = self._as_attempt(ready, answer, rather_twice=twice)
        self._keep(copy, encode_observation(attempt))
        await asyncio.sleep(0)  # now the result is in the journal's hands: before any start that comes after it
        return attempt.outcome

    async def settled(self) -> None:
        """Return when every result is durable; what the disk does not take within 10 s is left to the next start."""
        if self._keeping:
            _, late = await asyncio.wait(self._keeping, timeout=_SETTLE_S)
            for task in late:
                task.cancel()

    def _keep(self, copy: int, result: bytes) -> None:
        """A result that is forgotten would read as `indeterminate` after the next start."""
        keep = retried(f"keeping the result of copy {copy:016x}", partial(self._deps.append, result), _REFUSED)
        task = asyncio.create_task(keep, name=f"result of {copy:016x}")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Nothing of these has left."""
        if claims:
            await asyncio.to_thread(self._deps.store.campaigns.give_back, [claim.copy for claim in claims])

    def _prepare(self, claims: Sequence[Claim], most_bytes: int) -> list[Ready]:
        store = self._deps.store
        self._deps.spool.confirm()
        messages = store.messages.get_many({claim.message for claim in claims})
        refused = _why_not(store, claims, messages)
        limits_of = store.privacy.withdrawals if self._deps.track_unknown else store.privacy.limits
        withdrawn = limits_of([claim.recipient for claim in claims])
        # Beforehand: while the database is away, copies must not count as tried and wait for minutes.
        policies = {user: self._deps.policy_of(user) for user in {claim.user for claim in claims}}
        composed: list[Ready] = []
        for claim in claims:
            policy = limited(policies[claim.user], withdrawn.get(claim.recipient))
            ready = self._ready(claim, messages.get(claim.message), refused.get(claim.copy), policy)
            composed.append(ready)
            most_bytes -= ready.size
            if most_bytes <= 0:
                break
        return composed

    def _ready(self, claim: Claim, message: Message | None, refused: str | None, policy: Policy) -> Ready:
        if refused is not None:
            return Ready(claim, answer=Answer(SendOutcome.SUPPRESSED, text=told(refused), phase="suppressed"))
        gone = Answer(SendOutcome.REJECTED, text="the message's bytes are no longer in the spool", phase="spool")
        try:
            return Ready(claim, answer=gone) if message is None else self._composed(claim, message, policy)
        except NotFoundError:
            return Ready(claim, answer=gone)
        except DamagedError as error:
            return Ready(claim, answer=Answer(SendOutcome.REJECTED, text=str(error), phase="spool"))
        except Exception as error:  # noqa: BLE001 - on any failure the copy stays and is tried again
            known = isinstance(error, PostludeError) or about_a_file(error)
            text = error_text(error) if known else f"{type(error).__name__}: {error}"
            self._unready = text, monotonic()
            _log.error("copy %016x could not be prepared: %s", claim.copy, text, exc_info=None if known else error)
            if isinstance(error, _OPERATORS) or about_a_file(error):  # it costs no attempt: it may be days
                return Ready(claim, answer=Throttled(self._deps.clock.now() + _HELD_US, text))
            return Ready(claim, answer=Answer(SendOutcome.DEFERRED, text=text, phase="prepare"))

    def _composed(self, claim: Claim, message: Message, policy: Policy) -> Ready:
        deps = self._deps
        raw = deps.spool.get(claim.message)
        if message.checksum and checksum(raw) != message.checksum:
            raise DamagedError("the message's bytes in the spool are damaged: send the message again")
        plan = deps.tracker.plan(claim.message, raw, policy)
        urls = deps.tracker.urls(claim.message)
        tokens = urls.tokens(claim.copy)
        signer = deps.signer_of(plan.domain)
        data = with_copy_headers(
            plan.render(tokens.read),
            Marked(claim.copy, tokens.act, deps.return_domain),
            deps.codec,
            urls,
            unsubscribe=plan.unsubscribe and message.purpose is not MessagePurpose.TRANSACTIONAL,
            view=plan.view and deps.make_view(claim.message, raw),
            signed_for=plan.domain if signer else "",
        )
        if signer is not None:
            data = resigned(data, signer, deps.clock.now())
        mail_from, envid = envelope(deps.codec, claim.copy, claim.mail_from, deps.return_domain)
        sender, tracked = message.sender, plan.tracked
        asked = claim.notify, claim.orcpt, claim.ret
        copy = Outgoing(mail_from, claim.recipient, data, envid, sender, *asked, tracked)
        return Ready(claim, copy, message.created_at, plan.untracked)

    async def _rather_twice(self, ready: Ready) -> bool:
        ask = partial(asyncio.to_thread, if_indeterminate, self._deps.store, ready.claim.sender)
        wanted = await retried(f"what {ready.claim.sender} wants of indeterminate copies", ask, _REFUSED)
        return wanted is IfIndeterminate.RATHER_TWICE

    def _as_attempt(self, ready: Ready, answer: Answer, *, rather_twice: bool) -> Attempt:
        now = self._deps.clock.now()
        return attempt_of(
            ready.claim,
            answer,
            self._deps.retry,
            now=now,
            began=ready.created_at or now,
            untracked=ready.untracked,
            tracked=-1 if ready.copy is None else ready.copy.tracked,
            rather_twice=rather_twice,
        )
