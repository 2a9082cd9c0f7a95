"""When a deferred copy is tried again, and what is journaled of a try."""

from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.answer import Answer
from postlude.model.observation import Attempt
from postlude.model.words import SendOutcome

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


@dataclass(frozen=True)
class RetrySchedule:
    """Growing pauses until a deadline.

    The first pause is longer than the five minutes greylisting usually asks for; RFC 5321 4.5.4.1 asks for half an
    hour between later tries and for 4-5 days before giving up.
    """

    pauses_s: tuple[int, ...] = (_MINUTE, 6 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR)
    """Before attempt 2, 3 ...; the last one repeats."""
    give_up_s: int = 120 * _HOUR
    """Counted from when the message was accepted."""

    def next_at(self, now: int, created_at: int, attempt: int) -> int:
        """When to try again after `attempt` (1 is the first), in microseconds; 0 when the deadline comes first."""
        pause = self.pauses_s[min(attempt, len(self.pauses_s)) - 1]
        at = now + pause * MICROS_PER_SECOND
        return at if at <= created_at + self.give_up_s * MICROS_PER_SECOND else 0


class Tried(Protocol):
    """The facts of an attempt that identify its claim."""

    @property
    def message(self) -> int:
        """Its message."""
        ...

    @property
    def copy(self) -> int:
        """The copy."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first."""
        ...

    @property
    def indeterminate(self) -> int:
        """How many attempts before ended so."""
        ...


def attempt_of(
    claim: Tried,
    answer: Answer,
    retry: RetrySchedule,
    *,
    now: int,
    began: int,
    untracked: str = "",
    tracked: int = -1,
    rather_twice: bool = False,
) -> Attempt:
    """What is journaled of an answer: put off until its time, or EXPIRED when no time is left since `began`.

    An INDETERMINATE one has a time to be tried once more when its sender would `rather_twice`, and it is the first.
    """
    if answer.outcome is SendOutcome.INDETERMINATE and rather_twice and not claim.indeterminate:
        again = retry.next_at(now, began, claim.attempt)
        return msgspec.structs.replace(final_attempt(claim, answer, now, untracked, tracked), retry_at=again)
    if answer.outcome is not SendOutcome.DEFERRED:
        return final_attempt(claim, answer, now, untracked, tracked)
    retry_at = retry.next_at(now, began, claim.attempt)
    outcome = SendOutcome.DEFERRED if retry_at else SendOutcome.EXPIRED
    put_off = final_attempt(claim, answer, now, untracked, tracked)
    return msgspec.structs.replace(put_off, outcome=outcome, retry_at=retry_at)


def final_attempt(claim: Tried, answer: Answer, now: int, untracked: str = "", tracked: int = -1) -> Attempt:
    """What is journaled of an answer that nothing follows."""
    return Attempt(
        now,
        claim.message,
        claim.copy,
        answer.outcome,
        answer.code,
        answer.enhanced,
        answer.text,
        answer.server,
        answer.phase,
        claim.attempt,
        remote_id=answer.remote_id,
        untracked=untracked,
        tracked=tracked,
    )
