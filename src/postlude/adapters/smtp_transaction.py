"""One SMTP transaction: MAIL, RCPT, DATA, and what it means when the connection ends in between."""

import asyncio
import re
from typing import TYPE_CHECKING, Final

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected

from postlude.adapters.smtp_answer import accepted, describe, one_line, refusal
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome

if TYPE_CHECKING:
    from postlude.adapters.smtp import SmtpConfig

_XTEXT: Final = re.compile(r"[^!-*,-<>-~]")
_GO_AHEAD: Final = 354
_OK: Final = 250
_NETWORK: Final = (OSError, SMTPException, TimeoutError)


async def hand_over(  # noqa: PLR0917 - one transaction, all its words
    client: SMTP, config: "SmtpConfig", mail_from: str, rcpt_to: str, data: bytes, envid: str, server: str
) -> Answer:
    """One copy to one recipient. Never raises for what the server or the network does."""
    phase = "mail"
    utf8 = not (mail_from + rcpt_to).isascii()
    if utf8 and not client.supports_extension("smtputf8"):
        text = "the address is not ASCII and the next server does not offer SMTPUTF8 (RFC 6531)"
        return Answer(SendOutcome.REJECTED, 553, "5.6.7", text, server, phase)
    try:
        await client.mail(
            mail_from, options=_mail_options(client, data, envid, utf8=utf8), encoding=_encoding(utf8=utf8)
        )
        phase = "rcpt"
        await client.rcpt(rcpt_to, options=_rcpt_options(client, rcpt_to), encoding=_encoding(utf8=utf8))
        phase = "data"
        response = await client.execute_command(b"DATA", timeout=config.timeout_s)
        if response.code != _GO_AHEAD:
            raise SMTPResponseException(response.code, response.message)  # noqa: TRY301 - one place answers refusals
        await _write_body(client, data)
    except SMTPResponseException as error:
        await _reset(client)
        return refusal(error.code, error.message, server, phase)
    except _NETWORK as error:
        # The end of the message was never written, so no server can have accepted it: safe to try again.
        return Answer(SendOutcome.DEFERRED, text=describe(error), server=server, phase=phase)
    return await _finish(client, config, server)


async def _finish(client: SMTP, config: "SmtpConfig", server: str) -> Answer:
    phase = "end-of-data"
    protocol = client.protocol
    try:
        if protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        protocol.write(b".\r\n")
    except _NETWORK as error:
        return Answer(SendOutcome.DEFERRED, text=describe(error), server=server, phase="data")
    try:
        response = await protocol.read_response(timeout=config.end_timeout_s)
    except _NETWORK as error:
        text = f"the connection ended before the answer came ({describe(error)}); the server may have accepted it"
        return Answer(SendOutcome.UNSURE, text=text, server=server, phase=phase)
    if response.code == _OK:
        return accepted(response.code, response.message, server)
    answer = refusal(response.code, response.message, server, phase)
    if response.code < 400:  # noqa: PLR2004 - neither yes nor no: RFC 5321 4.3.2 knows no such answer here
        return Answer(SendOutcome.UNSURE, response.code, text=one_line(response.message), server=server, phase=phase)
    return answer


async def _write_body(client: SMTP, data: bytes) -> None:
    """The message without its final dot, handed to the kernel as far as it takes it."""
    protocol = client.protocol
    if protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    stuffed = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    protocol.write(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")
    await protocol._drain_helper()  # noqa: SLF001 - the library offers no other flow control
    await asyncio.sleep(0)  # lets a connection that is already gone be seen before the final dot is written


def _mail_options(client: SMTP, data: bytes, envid: str, *, utf8: bool) -> list[str]:
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(data)}")
    if client.supports_extension("8bitmime") and not data.isascii():
        options.append("BODY=8BITMIME")
    if utf8:
        options.append("SMTPUTF8")
    if envid and client.supports_extension("dsn"):
        options += ["RET=HDRS", f"ENVID={xtext(envid)}"]
    return options


def _rcpt_options(client: SMTP, rcpt_to: str) -> list[str]:
    if not client.supports_extension("dsn") or not rcpt_to.isascii():
        return []
    return [f"ORCPT=rfc822;{xtext(rcpt_to)}"]


def xtext(value: str) -> str:
    """RFC 3461 section 4: `+`, `=` and what is not printable ASCII as `+HH`."""
    return _XTEXT.sub(lambda match: f"+{ord(match[0]):02X}", value)


def _encoding(*, utf8: bool) -> str:
    return "utf-8" if utf8 else "ascii"


async def _reset(client: SMTP) -> None:
    """Make the connection fit for the next copy; one that cannot be is closed."""
    try:
        await client.rset()
    except _NETWORK:
        client.close()
