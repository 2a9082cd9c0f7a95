"""The next mail server: answers as servers do, and remembers everything, whatever dies on our side."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from typing import Final

from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Forecast, Outgoing, Throttled
from simulation.clock import MICROS, VirtualClock
from simulation.faults import Faults

_SECONDS: Final = (0.001, 0.02, 0.3, 2.0)


@dataclass
class Recipient:
    """What the server knows of one recipient."""

    mails: list[bytes] = field(default_factory=list)
    """Accepted for good, whether or not the answer arrived."""
    tries: int = 0
    reported: list[SendOutcome] = field(default_factory=list)
    """What was answered, as far as our side lived to hear it."""


class NextServer:
    """The server's side."""

    def __init__(self, chance: Random) -> None:
        self.chance: Final = chance
        self.recipients: defaultdict[str, Recipient] = defaultdict(Recipient)
        self.temper = 0.4
        """How often it does anything but accept."""

    def decide(self) -> SendOutcome:
        """What becomes of the next copy."""
        if self.chance.random() >= self.temper:
            return SendOutcome.ACCEPTED
        return self.chance.choice(
            (SendOutcome.DEFERRED, SendOutcome.DEFERRED, SendOutcome.REJECTED, SendOutcome.INDETERMINATE)
        )


class Line:
    """The way to it of one process of ours; a `Transport` without sockets."""

    concurrency = 2

    def __init__(self, server: NextServer, faults: Faults, clock: VirtualClock) -> None:
        self._server = server
        self._faults = faults
        self._clock = clock

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer | Throttled:
        """One attempt; this process may die before, between and after."""
        chance, known = self._server.chance, self._server.recipients[copy.rcpt_to]
        if chance.random() < 0.1 * self._server.temper:
            return Throttled(self._clock.now() + 3 * MICROS, "a limit of ours")
        await asyncio.sleep(chance.choice(_SECONDS))
        await start.durable()
        self._faults.step("smtp: DATA")
        known.tries += 1
        outcome = self._server.decide()
        if outcome in {SendOutcome.ACCEPTED, SendOutcome.INDETERMINATE} and not (
            outcome is SendOutcome.INDETERMINATE and chance.random() < 0.5
        ):
            known.mails.append(copy.data)
        self._faults.step("smtp: answer")
        await asyncio.sleep(chance.choice(_SECONDS))
        self._faults.step("smtp: answered")
        known.reported.append(outcome)
        code = {SendOutcome.ACCEPTED: 250, SendOutcome.DEFERRED: 451, SendOutcome.REJECTED: 554}.get(outcome, 0)
        return Answer(outcome, code, text="as it says", server="next.example", phase="end-of-data")

    def wait_s(self) -> float:
        """No limit of ours holds everything."""
        return 0.0

    def forecast(self, copies: int) -> Forecast:  # noqa: ARG002 - the port's signature
        """No limits."""
        return Forecast(0.0, "")

    async def close(self) -> None:
        """Nothing to end."""
