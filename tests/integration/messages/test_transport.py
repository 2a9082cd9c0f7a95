"""The SMTP transport against servers that are difficult in every phase."""

import socket
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing
from servers.difficult import DROP, SILENT, Difficult
from servers.starts import Started

SINGLY = "250-difficult\n250-8BITMIME\n250-SIZE 50000000\n250 DSN"
TOGETHER = SINGLY.replace("DSN", "DSN\n250 PIPELINING").replace("250 DSN", "250-DSN")
RAW_MAIL = b"From: a@example.org\r\n\r\nbody\r\n.dot\r\n"


def transport(port: int, **settings: Any) -> SmtpTransport:
    given: dict[str, Any] = {
        "tls": TlsPolicy.NONE,
        "timeout_s": 2.0,
        "end_timeout_s": 1.0,
        "connect_timeout_s": 2.0,
        "helo": "us.test",
    }
    return SmtpTransport(SmtpConfig(host="127.0.0.1", port=port, **(given | settings)))


async def send(
    way: SmtpTransport, to: str = "bob@example.com", data: bytes = RAW_MAIL, mail_from: str = "v@example.org"
) -> Answer:
    try:
        return await way.send(Outgoing(mail_from, to, data, "tag=1"), Started())
    finally:
        await way.close()


async def test_an_accepted_copy_arrives_byte_for_byte() -> None:
    async with Difficult().running() as server:
        answer = await send(transport(server.port))
    assert answer.outcome == "accepted"
    assert answer.code == 250
    assert answer.enhanced == "2.0.0"
    assert answer.phase == "end-of-data"
    assert answer.remote_id == "ABC123DEF"
    assert server.accepted == [RAW_MAIL.replace(b"\r\n.dot", b"\r\n..dot")]
    assert f"MAIL FROM:<v@example.org> SIZE={len(RAW_MAIL)} RET=HDRS ENVID=tag+3D1" in server.commands
    assert "RCPT TO:<bob@example.com> ORCPT=rfc822;bob@example.com" in server.commands


@pytest.mark.parametrize(
    ("script", "outcome", "code", "phase"),
    [
        ({"greeting": "554 no"}, "deferred", 554, "connect"),
        ({"greeting": DROP}, "deferred", 0, "connect"),
        ({"mail": "451 4.3.0 later"}, "deferred", 451, "mail"),
        ({"mail": "550 5.7.1 never"}, "rejected", 550, "mail"),
        ({"mail": "530 5.7.0 log in"}, "deferred", 530, "mail"),
        ({"mail": DROP}, "deferred", 0, "mail"),
        ({"rcpt": "450 4.2.0 greylisted"}, "deferred", 450, "rcpt"),
        ({"rcpt": "550 5.1.1 unknown"}, "rejected", 550, "rcpt"),
        ({"rcpt": DROP}, "deferred", 0, "rcpt"),
        ({"data": "452 4.3.1 full"}, "deferred", 452, "data"),
        ({"data": "554 5.7.1 spam"}, "rejected", 554, "data"),
        ({"data": DROP}, "deferred", 0, "data"),
        ({"end": "451 4.3.0 later"}, "deferred", 451, "end-of-data"),
        ({"end": "554 5.7.1 spam"}, "rejected", 554, "end-of-data"),
        ({"end": DROP}, "indeterminate", 0, "end-of-data"),
        ({"end": "199 what"}, "indeterminate", 199, "end-of-data"),
    ],
)
@pytest.mark.parametrize("ehlo", [SINGLY, TOGETHER])
async def test_every_phase_has_its_outcome(
    script: dict[str, str], outcome: str, code: int, phase: str, ehlo: str
) -> None:
    async with Difficult(ehlo=ehlo, **script).running() as server:
        answer = await send(transport(server.port))
    assert answer.outcome == outcome
    assert answer.code == code
    assert answer.phase == phase
    assert answer.text


async def test_a_loss_inside_the_message_is_tried_again() -> None:
    async with Difficult(body=DROP).running() as server:
        answer = await send(transport(server.port), data=RAW_MAIL + b"x" * 70 + b"\r\n" + b"y" * 30_000_000)
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.phase == "data"


async def test_a_large_message_arrives_byte_for_byte() -> None:
    data = b"From: a@example.org\r\n\r\n" + b".a line\r\n" * 300_000
    async with Difficult().running() as server:
        answer = await send(transport(server.port), data=data)
    assert answer.outcome == "accepted"
    assert server.accepted == [data.replace(b"\r\n.", b"\r\n..")]


async def test_a_refusal_inside_a_large_message_ends_it_there() -> None:
    async with Difficult(body="552 5.3.4 too large").running() as server:
        answer = await send(transport(server.port), data=RAW_MAIL + b"line\r\n" * 3_000_000)
    assert answer.outcome == "rejected"
    assert answer.code == 552
    assert answer.phase == "data"


async def test_no_answer_after_a_large_message_is_indeterminate() -> None:
    async with Difficult(end=SILENT).running() as server:
        answer = await send(transport(server.port, end_timeout_s=1.0), data=RAW_MAIL + b"line\r\n" * 300_000)
    assert answer.outcome is SendOutcome.INDETERMINATE


async def test_no_answer_after_the_message_is_indeterminate() -> None:
    async with Difficult(end=SILENT).running() as server:
        answer = await send(transport(server.port, end_timeout_s=0.2))
    assert answer.outcome is SendOutcome.INDETERMINATE


async def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = await send(transport(port))
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.phase == "connect"


async def test_a_connection_is_used_again_and_left_after_its_share() -> None:
    async with Difficult().running() as server:
        way = transport(server.port, messages_per_connection=2)
        for number in range(5):
            answer = await way.send(Outgoing("v@example.org", f"r{number}@example.com", RAW_MAIL), Started())
            assert answer.outcome is SendOutcome.ACCEPTED
        await way.close()
    assert server.connections == 3
    assert len(server.accepted) == 5


async def test_an_idle_connection_the_server_closed_is_replaced() -> None:
    server = Difficult()
    async with server.running():
        way = transport(server.port)
        assert (
            await way.send(Outgoing("v@example.org", "a@example.com", RAW_MAIL), Started())
        ).outcome is SendOutcome.ACCEPTED
        way._idle[0].line.close()
        assert (
            await way.send(Outgoing("v@example.org", "b@example.com", RAW_MAIL), Started())
        ).outcome is SendOutcome.ACCEPTED
        await way.close()
    assert server.connections == 2


@pytest.mark.parametrize("ehlo", [SINGLY, TOGETHER])
async def test_after_a_refused_recipient_the_connection_goes_on(ehlo: str) -> None:
    script = {"rcpt": "550 5.1.1 unknown", "data": "554 5.5.1 no valid recipients"}
    async with Difficult(ehlo=ehlo, **script).running() as server:
        way = transport(server.port)
        for _ in range(2):
            assert (
                await way.send(Outgoing("v@example.org", "a@example.com", RAW_MAIL), Started())
            ).outcome is SendOutcome.REJECTED
        await way.close()
    assert server.connections == 1


@pytest.mark.parametrize("script", [{"rcpt": "550 5.1.1 unknown"}, {"mail": "503 5.5.1 nested MAIL command"}])
async def test_a_server_that_goes_ahead_all_the_same_gets_no_message(script: dict[str, str]) -> None:
    async with Difficult(ehlo=TOGETHER, **script).running() as server:
        way = transport(server.port)
        for _ in range(2):
            answer = await way.send(Outgoing("v@example.org", "a@example.com", RAW_MAIL), Started())
            assert answer.outcome == SendOutcome.REJECTED
            assert answer.phase == next(iter(script))
        await way.close()
    assert server.connections == 2
    assert server.accepted == []


async def test_after_a_refused_message_the_transaction_is_over() -> None:
    """Postfix keeps it open when it refuses at the end of the data."""
    async with Difficult(ehlo=TOGETHER, end="554 5.7.1 spam").running() as server:
        way = transport(server.port)
        for _ in range(2):
            assert (await way.send(Outgoing("v@example.org", "a@example.com", RAW_MAIL), Started())).code == 554
        await way.close()
    assert server.connections == 1
    assert [command for command in server.commands if command == "RSET"] == ["RSET", "RSET"]


async def test_a_domain_has_an_ascii_form_for_servers_that_need_it() -> None:
    async with Difficult().running() as server:
        answer = await send(transport(server.port), to="bob@müller.example")
    assert answer.outcome is SendOutcome.ACCEPTED
    assert any(command.startswith("RCPT TO:<bob@xn--mller-kva.example>") for command in server.commands)


async def test_what_the_client_asked_of_delivery_reports_is_handed_on() -> None:
    async with Difficult().running() as server:
        way = transport(server.port)
        asked = "SUCCESS,DELAY", "rfc822;Bob+40x", "FULL"
        await way.send(Outgoing("v@example.org", "bob@example.com", RAW_MAIL, "e1", "", *asked), Started())
        await way.close()
    assert f"MAIL FROM:<v@example.org> SIZE={len(RAW_MAIL)} RET=FULL ENVID=e1" in server.commands
    assert "RCPT TO:<bob@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+40x" in server.commands


async def test_no_line_of_a_command_can_be_injected() -> None:
    async with Difficult().running() as server:
        for mail_from, to in (("v@example.org", "b@c.d>\r\nDATA"), ("v@e.org>\r\nRSET", "b@c.d")):
            answer = await send(transport(server.port), mail_from=mail_from, to=to)
            assert answer.outcome == SendOutcome.REJECTED
            assert answer.code == 553
    assert not any(command.startswith(("MAIL", "RCPT", "DATA")) for command in server.commands)


async def test_a_server_that_talks_before_tls_is_not_believed() -> None:
    async with Difficult(ehlo="250-x\n250 STARTTLS", starttls="220 go\n250 injected").running() as server:
        answer = await send(transport(server.port, tls=TlsPolicy.STARTTLS))
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.phase == "tls"
    assert "intercepted" in answer.text


async def test_smtputf8_needs_the_servers_word() -> None:
    async with Difficult().running() as server:
        answer = await send(transport(server.port), to="dörte@example.com")
    assert answer.outcome == SendOutcome.REJECTED
    assert answer.enhanced == "5.6.7"


@pytest.mark.parametrize("offers", [SINGLY, SINGLY.replace("DSN", "DSN\n250 SMTPUTF8").replace("250 DSN", "250-DSN")])
async def test_domains_are_addressed_by_idna_2008_whatever_the_server_offers(offers: str) -> None:
    async with Difficult(ehlo=offers).running() as server:
        answer = await send(transport(server.port), to="bob@faß.example", mail_from="news@münchen.example")
    assert answer.outcome == SendOutcome.ACCEPTED
    assert "RCPT TO:<bob@xn--fa-hia.example>" in " ".join(server.commands)
    assert "MAIL FROM:<news@xn--mnchen-3ya.example>" in " ".join(server.commands)


async def test_a_domain_with_letters_no_domain_has_is_not_asked_for() -> None:
    async with Difficult(ehlo=SINGLY).running() as server:
        answer = await send(transport(server.port), to="bob@i❤.example")
    assert answer.outcome == SendOutcome.REJECTED
    assert server.accepted == []


async def test_a_sender_that_is_not_ascii_is_refused_by_name_without_smtputf8() -> None:
    async with Difficult().running() as server:
        answer = await send(transport(server.port), mail_from="dörte@example.org")
    assert answer.outcome == SendOutcome.REJECTED
    assert "sender's" in answer.text


async def test_starttls_that_is_required_is_required() -> None:
    async with Difficult().running() as server:
        answer = await send(transport(server.port, tls=TlsPolicy.STARTTLS))
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.phase == "tls"
    assert server.accepted == []


async def test_a_null_sender_stays_null() -> None:
    async with Difficult().running() as server:
        await send(transport(server.port), mail_from="")
    assert any(command.startswith("MAIL FROM:<> ") for command in server.commands)


class _Box:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        assert isinstance(envelope.content, bytes)
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.mark.parametrize("policy", [TlsPolicy.OPPORTUNISTIC, TlsPolicy.NONE])
async def test_into_aiosmtpd(policy: TlsPolicy) -> None:
    box = _Box()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        answer = await send(transport(port, tls=policy))
    finally:
        controller.stop()
    assert answer.outcome is SendOutcome.ACCEPTED
    assert box.mails == [RAW_MAIL]
