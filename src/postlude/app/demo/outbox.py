"""Where the demo's mail goes: the sandbox's mailbox, in the demo's time; and what each mail holds."""

import re
from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from postlude.adapters.sandbox_outbox import Envelope, SandboxOutbox
from postlude.app.build.common import Parts
from postlude.app.demo.clock import DemoClock
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.mail.bodies import read_bodies
from postlude.mail.header_block import HeaderBlock
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Outgoing
from postlude.services.sandbox.recipient import one_click_url
from postlude.tokens import CopyRef, unpacked

_FULL: Final = "552 5.2.2 Mailbox full: the recipient has to make room"


class Delivered(NamedTuple):
    """A mail that lies in a recipient's mailbox."""

    at: int
    mail_from: str
    recipient: str
    subject: str
    raw: bytes
    copy: CopyRef
    links: tuple[int, ...]
    """The positions of its tracked links."""


class DemoOutbox(SandboxOutbox):
    """A sandbox outbox whose recipients differ: `refused` have no room. Tells `on_delivery` of every mail.

    With `keep` off nothing is left in the mailbox.
    """

    def __init__(
        self,
        parts: Parts,
        clock: DemoClock,
        chance: Random,
        refused: frozenset[str],
        on_delivery: "OnDelivery",
        *,
        keep: bool = True,
    ) -> None:
        super().__init__(parts.folder.mailbox, clock)
        self._parts: Final = parts
        self._demo_clock: Final = clock
        self._chance: Final = chance
        self._refused: Final = refused
        self._on_delivery: Final = on_delivery
        self._keep: Final = keep

    @property
    def concurrency(self) -> int:
        """One, so that mail leaves in the same order every time."""
        return 1

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer:
        """Deliver at once; the clock moves on by the time a mail server takes."""
        await start.durable()
        now = self._demo_clock.now() + self._chance.randrange(20, 400) * MICROS_PER_SECOND // 1000
        self._demo_clock.move_to(now)
        if copy.rcpt_to in self._refused:
            return Answer(SendOutcome.REJECTED, 552, "5.2.2", _FULL, "sandbox", "rcpt")
        envelope = Envelope(now, copy.mail_from, copy.rcpt_to, copy.envid, len(copy.data))
        name = self.deliver(envelope, copy.data) if self._keep else ""
        self._on_delivery(opened(self._parts, now, copy))
        return Answer(SendOutcome.ACCEPTED, 250, "2.0.0", "delivered into the sandbox", "sandbox", "sandbox", name)


OnDelivery = Callable[[Delivered], None]


def opened(parts: Parts, at: int, copy: Outgoing) -> Delivered:
    """What the recipient has before them; the copy is known by the token in the mail, as the edge knows it."""
    html = read_bodies(copy.data).html or ""
    base, prefixes = re.escape(parts.settings.public_edge), parts.prefixes
    links = re.findall(rf'["\x27]{base}/{prefixes.link}/[^"\x27/]+/([0-9]+)\.', html)
    pixel = re.search(rf'["\x27]{base}/{prefixes.pixel}/([^"./]+)', html)
    token = pixel[1].encode() if pixel else one_click_url(copy.data).rpartition("/")[2].encode()
    payload = parts.codec.verify_read(token) or parts.codec.verify_act(token)
    assert payload is not None, "a mail of the demo without a token of ours"
    subject = HeaderBlock(copy.data).first("subject")
    positions = tuple(dict.fromkeys(map(int, links)))
    return Delivered(at, copy.mail_from, copy.rcpt_to, subject, copy.data, unpacked(payload), positions)
