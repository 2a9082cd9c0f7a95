"""A mail server that counts what it is given and can be told to be difficult."""

import asyncio
from collections import Counter
from types import TracebackType
from typing import NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from servers.waiting import LOOPBACK, free_port


class Delivery(NamedTuple):
    """One message as it was handed over."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    data: bytes


class Sink:
    """Answers 250 to everything and remembers it. `delay` seconds pass between counting and the answer."""

    def __init__(self, *, delay: float = 0.0) -> None:
        self.deliveries: list[Delivery] = []
        self.delay = delay
        self.refuse: dict[str, str] = {}
        """Answer to RCPT by recipient, e.g. `550 5.1.1 unknown`."""
        self.answer = ""
        """Instead of 250 after the message; `drop` counts it and hangs up."""
        self.port = free_port()  # aiosmtpd cannot be told 0
        self._controller = Controller(self, hostname=LOOPBACK, port=self.port, ready_timeout=10)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def counts(self) -> Counter[str]:
        """How often each recipient got something."""
        return Counter(recipient for delivery in list(self.deliveries) for recipient in delivery.rcpt_tos)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        assert isinstance(envelope.content, bytes)
        self.deliveries.append(Delivery(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))
        await asyncio.sleep(self.delay)
        if self.answer == "drop":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self.answer or "250 2.0.0 counted"
