"""Several servers as one: fallback, limits and what is kept of them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from postlude.adapters.smtp_client.failover import ServerConfig, SmtpServers
from postlude.adapters.smtp_client.pool import SmtpConfig, TlsPolicy
from postlude.adapters.smtp_client.rate_limits import RateLimits
from postlude.kit.clock import SystemClock
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing, Throttled
from postlude.store import open_store
from servers.difficult import DROP, Difficult
from servers.starts import Started
from support.state_template import sqlite_state

RAW_MAIL = b"From: a@example.org\r\nX-PM-KeepID: false\r\n\r\nbody\r\n"
COPY = Outgoing("v@example.org", "bob@example.com", RAW_MAIL, sender="a@example.org")


def server(name: str, port: int, *, connections: int = 4, **more: Any) -> ServerConfig:
    smtp = SmtpConfig(
        host="127.0.0.1", port=port, tls=TlsPolicy.NONE, helo="us.test", timeout_s=3, connections=connections
    )
    return ServerConfig(name=name, smtp=smtp, **more)


async def accepted(way: SmtpServers, copy: Outgoing = COPY) -> Answer:
    answer = await way.send(copy, Started())
    assert isinstance(answer, Answer), answer
    assert answer.outcome is SendOutcome.ACCEPTED, answer
    return answer


async def test_the_second_stands_in_while_the_first_cannot_be_reached() -> None:
    async with Difficult(greeting="554 no").running() as first, Difficult().running() as second:
        way = SmtpServers([server("one", first.port), server("two", second.port)], SystemClock())
        for _ in range(5):
            assert (await accepted(way)).server.endswith(str(second.port))
        await way.close()
    assert first.connections == 1  # afterwards it is left alone for a while
    assert len(second.accepted) == 5


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ({"rcpt": "550 5.1.1 unknown"}, "rejected"),
        ({"rcpt": "450 4.2.0 greylisted"}, "deferred"),
        ({"end": DROP}, "indeterminate"),
    ],
)
async def test_an_answer_about_the_copy_is_final_for_every_server(script: dict[str, str], outcome: str) -> None:
    async with Difficult(**script).running() as first, Difficult().running() as second:
        way = SmtpServers([server("one", first.port), server("two", second.port)], SystemClock())
        answer = await way.send(COPY, Started())
        await way.close()
    assert isinstance(answer, Answer)
    assert answer.outcome == outcome
    assert second.connections == 0


async def test_with_nobody_to_reach_the_first_copy_is_deferred_and_the_others_wait() -> None:
    async with Difficult(greeting=DROP).running() as down:
        way = SmtpServers([server("one", down.port)], SystemClock())
        assert way.wait_s() == 0
        first, second = await way.send(COPY, Started()), await way.send(COPY, Started())
        assert way.wait_s() > 5
        await way.close()
    assert isinstance(first, Answer)
    assert first.outcome is SendOutcome.DEFERRED
    assert isinstance(second, Throttled)
    assert "one cannot be used" in second.text


@pytest.mark.parametrize(
    "refusal", ["550 5.4.5 Daily user sending limit exceeded.", "454 Throttling failure: Daily message quota exceeded."]
)
async def test_a_limit_the_server_names_is_no_fault_of_the_recipient(refusal: str) -> None:
    async with Difficult(end=refusal).running() as gmail, Difficult().running() as second:
        way = SmtpServers([server("gmail", gmail.port), server("two", second.port)], SystemClock())
        await accepted(way)
        await accepted(way)
        await way.close()
        alone = SmtpServers([server("gmail", gmail.port)], SystemClock())
        answer = await alone.send(COPY, Started())
        assert alone.wait_s() > 1000
        await alone.close()
    assert gmail.connections == 2
    assert isinstance(answer, Answer)
    assert answer.outcome is SendOutcome.DEFERRED


async def test_one_connection_that_is_ended_by_the_server_holds_up_nothing() -> None:
    async with Difficult().running() as one:
        original, left = one._say, ["421 4.3.2 Service shutting down, closing connection"]

        async def ends_once(writer: asyncio.StreamWriter, phase: str) -> bool:
            if phase != "mail" or not left:
                return await original(writer, phase)
            writer.write(left.pop().encode() + b"\r\n")
            return False

        one._say = ends_once  # type: ignore[method-assign]
        way = SmtpServers([server("one", one.port)], SystemClock())
        await accepted(way)
        assert way.wait_s() == 0
        await way.close()
    assert one.connections == 2


@pytest.mark.parametrize("refusal", ["421 4.7.0 Too many connections", "421 4.3.2 Service shutting down"])
async def test_a_server_that_ends_every_connection_is_left_alone_for_a_while(refusal: str) -> None:
    async with Difficult(mail=refusal).running() as one:
        way = SmtpServers([server("one", one.port)], SystemClock())
        answer = await way.send(COPY, Started())
        assert way.wait_s() > 5
        await way.close()
    assert isinstance(answer, Answer)
    assert answer.outcome is SendOutcome.DEFERRED


async def test_a_daily_limit_holds_across_restarts_and_workers(tmp_path: Path) -> None:
    store = open_store(sqlite_state(tmp_path))
    async with Difficult().running() as gmail:
        config = server("gmail", gmail.port, limits=RateLimits(per_day=3))
        for sends in (2, 1):
            way = SmtpServers([config], SystemClock(), store.sending)
            for _ in range(sends):
                await accepted(way)
            await way.close()
        way = SmtpServers([config], SystemClock(), store.sending)
        held = await way.send(COPY, Started())
        assert way.wait_s() > 23 * 3600
        await way.close()
    store.close()
    assert isinstance(held, Throttled)
    assert held.text == "gmail takes 3 copies a day"
    assert len(gmail.accepted) == 3


async def test_a_connection_that_failed_costs_nothing_of_the_limit(tmp_path: Path) -> None:
    store = open_store(sqlite_state(tmp_path))
    async with Difficult(greeting=DROP).running() as down:
        way = SmtpServers([server("one", down.port, limits=RateLimits(per_day=3))], SystemClock(), store.sending)
        await way.send(COPY, Started())
        await way.close()
    assert sum(store.sending.add_usage("one", {}, 0).values()) == 0
    store.close()


async def test_a_rate_spaces_copies_out() -> None:
    async with Difficult().running() as slow:
        way = SmtpServers([server("one", slow.port, limits=RateLimits(per_second=20))], SystemClock())
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(accepted(way) for _ in range(9)))
        took = asyncio.get_running_loop().time() - began
        await way.close()
    assert took >= 8 / 20


async def test_a_domain_gets_as_many_connections_as_it_may_have() -> None:
    async with Difficult().running() as one:
        busy = {"most": 0, "now": 0}
        original = one._say

        async def slow(writer: asyncio.StreamWriter, phase: str) -> bool:
            if phase == "mail":
                busy["now"] += 1
                busy["most"] = max(busy["most"], busy["now"])
                await asyncio.sleep(0.05)
            if phase == "end":
                busy["now"] -= 1
            return await original(writer, phase)

        one._say = slow  # type: ignore[method-assign]
        way = SmtpServers([server("one", one.port, connections=6, domains={"*": (2, 0.0)})], SystemClock())
        await asyncio.gather(*(accepted(way) for _ in range(6)))
        await way.close()
    assert busy["most"] == 2


async def test_a_server_is_for_its_senders() -> None:
    async with Difficult().running() as gmail, Difficult().running() as own:
        way = SmtpServers(
            [
                server("gmail", gmail.port, senders=("*@gmail.com",)),
                server("own", own.port, senders=("*@example.org",)),
            ],
            SystemClock(),
        )
        assert (await accepted(way)).server.endswith(str(own.port))
        nobody = await way.send(Outgoing("", "b@example.com", RAW_MAIL, sender="a@other.example"), Started())
        await way.close()
    assert isinstance(nobody, Answer)
    assert "no mail server is set up for the sender a@other.example" in nobody.text


async def test_a_providers_fields_are_added_where_the_copy_has_none() -> None:
    async with Difficult().running() as postmark:
        headers = (("X-PM-KeepID", "true"), ("X-PM-TrackOpens", "false"))
        way = SmtpServers([server("postmark", postmark.port, headers=headers)], SystemClock())
        await accepted(way)
        await way.close()
    assert postmark.accepted == [b"X-PM-TrackOpens: false\r\n" + RAW_MAIL]


async def test_the_forecast_knows_what_was_sent_before(tmp_path: Path) -> None:
    store = open_store(sqlite_state(tmp_path))
    async with Difficult().running() as gmail:
        config = server("gmail", gmail.port, limits=RateLimits(per_day=10))
        way = SmtpServers([config], SystemClock(), store.sending)
        for _ in range(6):
            await accepted(way)
        await way.close()
    assert "within what gmail takes a day" in SmtpServers([config], SystemClock(), store.sending).forecast(4).text
    assert "spread over 2 days" in SmtpServers([config], SystemClock(), store.sending).forecast(5).text
    store.close()
