"""One SMTP transaction: MAIL, RCPT, DATA, the message, and what it means when the connection ends in between."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Final

from postlude.adapters.smtp_client.answer import accepted, refusal_answer, reply_line
from postlude.adapters.smtp_client.connection import Lost, Reply, SmtpLine
from postlude.mail.ascii_header import needs_smtputf8
from postlude.mail.limits import LARGE
from postlude.model.answer import Answer
from postlude.model.domain_name import DomainError, ascii_address
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Outgoing

_XTEXT: Final = re.compile(r"[^!-*,-<>-~]")
_DOTTED: Final = re.compile(rb"\r\n\.")
_UNFIT: Final = re.compile(r"[\x00-\x20\x7f<>]")
_GO_AHEAD: Final = 354
_OK: Final = 250
_SLICE: Final = 1 << 18
_PHASES: Final = ("mail", "rcpt", "data")


class SmtpClientSession:
    """A connection that is ready for MAIL, with what the server offers."""

    def __init__(self, line: SmtpLine, server: str, offers: frozenset[str], timeout_s: float, end_s: float) -> None:
        self.line: Final = line
        self.server: Final = server
        self.offers: Final = offers
        """Keywords of EHLO in lower case."""
        self._timeout_s = timeout_s
        self._end_s = end_s
        self.busy_s = 0.0
        """What the last copy took, without waiting for the disk."""
        self.sent = 0
        self.used_at = 0.0

    async def hand_over(self, copy: Outgoing, start: AttemptStart) -> Answer:
        """One copy to one recipient. Never raises for what the server or the network does.

        Without its end no server may deliver a message (RFC 5321 4.1.1.4), so the attempt starts when the server
        accepts the beginning of the message (354): what is refused before was no attempt.
        """
        mail_from, rcpt_to = self._addressed(copy.mail_from), self._addressed(copy.rcpt_to)
        if mail_from is None or rcpt_to is None:
            whose = "sender's" if rcpt_to is not None else "recipient's"
            text = f"the {whose} address is not ASCII and the next server does not offer SMTPUTF8 (RFC 6531)"
            return Answer(SendOutcome.REJECTED, 553, "5.6.7", text, self.server, "mail")
        if _UNFIT.search(mail_from + rcpt_to):
            text = "the address holds characters that no address may"
            return Answer(SendOutcome.REJECTED, 553, "5.1.3", text, self.server, "mail")
        commands = self._commands(copy, mail_from, rcpt_to)
        together = "pipelining" in self.offers
        began = perf_counter()
        refused = await (self._together(commands) if together else self._singly(commands))
        self.busy_s = perf_counter() - began
        if refused is not None:
            return refused
        large = len(copy.data) > LARGE
        data = b"" if large else stuffed(copy.data)
        await start.durable()
        began = perf_counter()
        answer = await (self._large(copy.data) if large else self._message(data))
        self.busy_s += perf_counter() - began
        return answer

    async def _together(self, commands: list[str]) -> Answer | None:
        """All three commands in one write (RFC 2920); the first refusal, None when the message may come."""
        line, lost = self.line, None
        try:
            line.write("\r\n".join([*commands, ""]).encode("utf-8", "surrogateescape"))
            await line.wait(len(commands), self._timeout_s)
        except Lost as error:
            lost = error
        replies = line.replies[:]
        line.replies.clear()
        for phase, reply in zip(_PHASES, replies, strict=False):
            if reply.code // 100 != (_GO_AHEAD if phase == "data" else _OK) // 100:
                await self._start_over(replies)
                return self._refused(reply, phase)
        return None if lost is None else self._lost(lost, _PHASES[min(len(replies), 2)])

    async def _start_over(self, replies: Sequence[Reply] = ()) -> None:
        """Reset the connection for the next copy, at once: a server may hold a queue file for an open transaction.

        Also after a refusal of the whole message: Postfix keeps the transaction when `smtpd_end_of_data_restrictions`
        refuse it, and the next MAIL would be "nested". A server that answers DATA with 354 although it refused the
        recipients waits for a message; the end mark alone might deliver an empty one, so close the connection.
        """
        if len(replies) == len(_PHASES) and replies[-1].code == _GO_AHEAD:
            self.line.close()
            return
        try:
            await self.line.ask("RSET", self._timeout_s)
        except Lost:
            self.line.close()

    async def _singly(self, commands: list[str]) -> Answer | None:
        """One command after the other, for servers without PIPELINING."""
        phase = "mail"
        try:
            for phase, command in zip(_PHASES, commands, strict=True):
                reply = await self.line.ask(command, self._timeout_s)
                if reply.code // 100 != (_GO_AHEAD if phase == "data" else _OK) // 100:
                    await self._start_over()
                    return self._refused(reply, phase)
        except Lost as lost:
            return self._lost(lost, phase)
        return None

    def _lost(self, lost: Lost, phase: str) -> Answer:
        """Before the end of the message was written no server can have accepted it: safe to try again."""
        return Answer(SendOutcome.DEFERRED, text=str(lost), server=self.server, phase=phase)

    async def _large(self, data: bytes) -> Answer:
        """In slices, as fast as the server takes them: other mail is sent meanwhile."""
        line, last = self.line, b""
        try:
            for piece in stuffed_slices(data):
                if last:
                    line.write(last)
                    await asyncio.sleep(0)
                    await line.drained(self._end_s)
                last = piece
                if line.replies and line.replies[0].code >= 400:  # noqa: PLR2004 - a refusal, before the end
                    line.close()
                    return self._refused(line.replies.pop(0), "data")
        except Lost as lost:
            return self._lost(lost, "data")
        return await self._message(last)

    async def _message(self, data: bytes) -> Answer:
        line = self.line
        try:
            line.write(data)
        except Lost as lost:
            return self._lost(lost, "data")
        try:
            await line.wait(1, self._end_s)
        except Lost as lost:
            if not line.flushed:  # the final dot never reached the kernel
                return self._lost(lost, "data")
            text = f"{lost}, before the answer came; the server may have accepted the message"
            return Answer(SendOutcome.INDETERMINATE, text=text, server=self.server, phase="end-of-data")
        reply = line.replies.pop(0)
        if reply.code == _OK:
            return accepted(reply.code, reply.text, self.server)
        if reply.code < 400:  # noqa: PLR2004 - neither yes nor no: RFC 5321 4.3.2 knows no such answer here
            text = reply_line(reply.text)
            return Answer(SendOutcome.INDETERMINATE, reply.code, text=text, server=self.server, phase="end-of-data")
        await self._start_over()
        return self._refused(reply, "end-of-data")

    def _refused(self, reply: Reply, phase: str) -> Answer:
        return refusal_answer(reply.code, reply.text, self.server, phase)

    def _addressed(self, address: str) -> str | None:
        """The address as the server can take it; None when it cannot. A domain has an ASCII form, a local part none."""
        try:
            address = ascii_address(address)
        except DomainError:  # not a valid domain (IDNA 2008): a server may map it to a foreign one
            return None
        return address if address.isascii() or "smtputf8" in self.offers else None

    def _commands(self, copy: Outgoing, mail_from: str, rcpt_to: str) -> list[str]:
        offers = self.offers
        mail, rcpt = f"MAIL FROM:<{mail_from}>", f"RCPT TO:<{rcpt_to}>"
        if "size" in offers:
            mail += f" SIZE={len(copy.data)}"
        if "8bitmime" in offers and not copy.data.isascii():
            mail += " BODY=8BITMIME"
        if "smtputf8" in offers and (not (mail_from + rcpt_to).isascii() or needs_smtputf8(copy.data)):
            mail += " SMTPUTF8"
        if "dsn" in offers:
            mail += f" RET={copy.ret or 'HDRS'}" + (f" ENVID={xtext(copy.envid)}" if copy.envid else "")
            rcpt += f" NOTIFY={copy.notify}" if copy.notify else ""
            if copy.orcpt or rcpt_to.isascii():
                rcpt += f" ORCPT={copy.orcpt or 'rfc822;' + xtext(rcpt_to)}"
        return [mail, rcpt, "DATA"]


def stuffed_slices(data: bytes, size: int = _SLICE) -> Iterator[bytes]:
    """What `stuffed` gives, in slices."""
    at, behind_line_end = 0, True
    while True:
        end = at + size
        while data[end - 1 : end] == b"\r":
            end += 1
        some = data[at:end]
        piece = _DOTTED.sub(b"\r\n..", some)
        if behind_line_end and piece.startswith(b"."):
            piece = b"." + piece
        at, behind_line_end = end, some.endswith(b"\r\n")
        if end >= len(data):
            yield piece + (b".\r\n" if behind_line_end else b"\r\n.\r\n")
            return
        yield piece


def stuffed(data: bytes) -> bytes:
    """The message as DATA wants it (RFC 5321 4.5.2), with its end."""
    # 50 kB take 20 us with a regular expression, and 115 us with `in` and bytes.replace (measured).
    data = _DOTTED.sub(b"\r\n..", data)
    if data.startswith(b"."):
        data = b"." + data
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")


def xtext(value: str) -> str:
    """RFC 3461 section 4: `+`, `=` and what is not printable ASCII as `+HH`."""
    return _XTEXT.sub(lambda match: f"+{ord(match[0]):02X}", value)
