"""A recipient withdraws tracking on the real page; links are stopped after sending; what was recorded is erased."""

import http.client
import json
import re
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.kit.clock import SystemClock
from servers.example_mails import LINKS, offer
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

PROMISED_SECONDS = 5
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


class ReceivedMail:
    """What one recipient got."""

    def __init__(self, raw: bytes) -> None:
        text = raw.decode().replace("=\r\n", "").replace("=3D", "=")
        self.text = text
        self.pixels = re.findall(r"https?://[^\s\"'>]+/i/[^\s\"'>]+", text)
        self.links = re.findall(r"https?://[^\s\"'>]+/l/[^\s\"'>]+", text)
        self.unsubscribe = next(iter(re.findall(r"List-Unsubscribe: <([^>]+)>", text)), "")


def received(running: Postlude, recipient: str, number: int = 0) -> ReceivedMail:
    """The recipient's `number`-th mail in the sandbox."""
    outbox = SandboxOutbox(running.data / "mailbox", SystemClock())

    def found() -> list[bytes]:
        mails = [outbox.get(one.id) for one in reversed(outbox.list(limit=100))]
        return [raw for mail, raw in mails if mail.envelope.rcpt_to == recipient]

    return ReceivedMail(wait_for(f"mail {number} to {recipient}", lambda: found()[number:])[0])


def ask(url: str, method: str = "GET") -> http.client.HTTPResponse:
    """One request, without following redirects."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(LOOPBACK, parts.port or 80, timeout=5)
    connection.request(method, parts.path, headers={"User-Agent": AGENT})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def edge_outcomes(running: Postlude) -> dict[str, int]:
    connection = http.client.HTTPConnection(LOOPBACK, running.ports["edge"], timeout=5)
    connection.request("GET", "/healthz")
    reported: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    return dict(reported["outcomes"])


def events(running: Postlude, recipient: str, subject: str = "Our offer") -> list[str]:
    """What is recorded of the recipient, oldest first."""
    found = running.timeline(recipient).get("messages", [])
    [one] = [each for each in found if each["message"]["subject"] == subject]
    return [entry["kind"] for entry in one["timeline"] if entry["recipient"] == recipient]


class Pair(NamedTuple):
    """Two people to whom this test alone writes."""

    bob: str
    charlie: str


@pytest.fixture
def pair() -> Pair:
    return Pair(*(f"{name}.{uuid.uuid4().hex}@customer.test" for name in Pair._fields))


def send(running: Postlude, pair: Pair, subject: str = "Our offer") -> None:
    user = running.login().user
    message = offer(user, pair, subject=subject)
    message["X-Postlude-Unsubscribe"] = "on"
    running.submit(user, pair, message)


@pytest.fixture
def withdrawn(shared_postlude: Postlude, page: Page, pair: Pair) -> Pair:
    """Bob opened a mail and then took back, on the page it leads to, that opens are recorded."""
    running = shared_postlude
    send(running, pair)
    bob = received(running, pair.bob)
    ask(bob.pixels[0])
    wait_for("the first open", lambda: "opened" in events(running, pair.bob))
    page.goto(bob.unsubscribe)
    page.get_by_role("link", name="Choose what is recorded").click()
    page.get_by_label("The sender may see when I open an email").uncheck()
    page.get_by_role("button", name="Save my choices").click()
    page.get_by_text("Opens are no longer recorded.").wait_for()
    before = edge_outcomes(running).get("revoked", 0)

    def served_only() -> bool:
        ask(bob.pixels[0])
        return edge_outcomes(running).get("revoked", 0) > before

    wait_for("the withdrawal to reach the edge", served_only, PROMISED_SECONDS)
    return pair


def test_withdrawn_it_acts_on_sent_mail(shared_postlude: Postlude, withdrawn: Pair) -> None:
    bob, charlie = received(shared_postlude, withdrawn.bob), received(shared_postlude, withdrawn.charlie)
    before = events(shared_postlude, withdrawn.bob).count("opened")
    for url in (bob.pixels[0], charlie.pixels[0], bob.links[0]):
        assert ask(url).status in {200, 302}
    wait_for("Bob's click", lambda: "clicked" in events(shared_postlude, withdrawn.bob))
    assert events(shared_postlude, withdrawn.bob).count("opened") == before
    assert events(shared_postlude, withdrawn.charlie).count("opened") == 1


def test_withdrawn_it_stays_so_after_a_kill(shared_postlude: Postlude, page: Page, withdrawn: Pair) -> None:
    bob = received(shared_postlude, withdrawn.bob)
    shared_postlude.kill()
    shared_postlude.start()
    assert ask(bob.pixels[0]).status == 200
    assert edge_outcomes(shared_postlude)["revoked"] == 1
    page.goto(bob.unsubscribe.replace("/u/", "/s/"))
    assert not page.get_by_label("The sender may see when I open an email").is_checked()
    assert page.get_by_label("The sender may see which links I follow").is_checked()


def test_withdrawn_it_acts_on_mail_to_come(shared_postlude: Postlude, withdrawn: Pair) -> None:
    send(shared_postlude, withdrawn, "The next offer")
    again, hers = received(shared_postlude, withdrawn.bob, 1), received(shared_postlude, withdrawn.charlie, 1)
    assert len(again.pixels) == 0
    assert len(again.links) == len(hers.links)
    assert len(hers.pixels) == 1


@pytest.fixture
def read(shared_postlude: Postlude, pair: Pair) -> Pair:
    """Bob opened a mail, and both followed its first link."""
    send(shared_postlude, pair)
    bob, charlie = received(shared_postlude, pair.bob), received(shared_postlude, pair.charlie)
    for url in (bob.pixels[0], bob.links[0], charlie.links[0]):
        ask(url)
    wait_for("what Bob did", lambda: {"opened", "clicked"} <= {*events(shared_postlude, pair.bob)})
    wait_for("Charlie's click", lambda: "clicked" in events(shared_postlude, pair.charlie))
    return pair


def leads(url: str, status: int, where: str | None) -> bool:
    answer = ask(url)
    return (answer.status, answer.headers["Location"]) == (status, where)


def message_of(running: Postlude, recipient: str) -> str:
    return str(running.timeline(recipient)["messages"][0]["message"]["message"])


def test_a_link_of_sent_mail_is_stopped_replaced_and_restored(shared_postlude: Postlude, pair: Pair) -> None:
    send(shared_postlude, pair)
    link = received(shared_postlude, pair.bob).links[0]
    message = message_of(shared_postlude, pair.bob)
    for arguments, status, where in (
        (("stop", message, "0"), 410, None),
        (("replace", message, "0", "https://new.example/x?a=b&c=%2F"), 302, "https://new.example/x?a=b&c=%2F"),
        (("restore", message, "0"), 302, LINKS[0]),
    ):
        done = shared_postlude.run("link", *arguments)
        assert done.code == 0, done
        wait_for(f"{arguments[0]} to reach the edge", partial(leads, link, status, where), PROMISED_SECONDS)


@pytest.mark.parametrize(
    ("action", "code"), [(("stop", "77"), 6), (("replace", "0", "javascript:alert(1)"), 2)], ids=["no link", "no web"]
)
def test_what_cannot_become_of_a_link(
    shared_postlude: Postlude, pair: Pair, action: tuple[str, ...], code: int
) -> None:
    send(shared_postlude, pair)
    received(shared_postlude, pair.bob)
    verb, *rest = action
    assert shared_postlude.run("link", verb, message_of(shared_postlude, pair.bob), *rest).code == code


def test_what_is_stored_is_sent_to_who_asks_on_the_page(shared_postlude: Postlude, page: Page, read: Pair) -> None:
    page.goto(received(shared_postlude, read.bob).unsubscribe.replace("/u/", "/s/"))
    page.get_by_role("button", name="Send me what is stored").click()
    page.get_by_role("heading", name="It is on its way").wait_for()
    answer = received(shared_postlude, read.bob, 1)
    assert answer.pixels == answer.links == []
    assert "Clicked" in answer.text
    assert "Thunderbird/140.1" in answer.text
    assert read.charlie not in answer.text


def test_what_is_stored_is_shown_to_the_owner(shared_postlude: Postlude, read: Pair) -> None:
    assert "Clicked" in shared_postlude.done("privacy", "show", read.bob).out


def test_what_was_recorded_of_one_is_erased_on_the_page(shared_postlude: Postlude, page: Page, read: Pair) -> None:
    running = shared_postlude
    page.goto(received(running, read.bob).unsubscribe.replace("/u/", "/s/"))
    page.get_by_role("button", name="Erase what was recorded").click()
    page.get_by_role("heading", name="It is being erased").wait_for()
    wait_for("the erasure", lambda: not {"opened", "clicked"} & {*events(running, read.bob)})
    assert "clicked" in events(running, read.charlie)
    [view] = [each["message"] for each in running.timeline(read.bob)["messages"]]
    his = next(copy for copy in view["copies"] if copy["recipient"] == read.bob)
    assert his["opens"] == 0
    assert his["clicks"] == 0
    assert his["status"] == "sent"
    clicks = [link["clicks"] + link["clicks_unknown"] + link["clicks_machine"] for link in view["links"]]
    assert sum(clicks) == 1


def test_the_owner_ends_tracking_for_an_address(shared_postlude: Postlude, pair: Pair) -> None:
    send(shared_postlude, pair)
    link = received(shared_postlude, pair.bob).links[0]
    before = edge_outcomes(shared_postlude).get("revoked", 0)
    shared_postlude.done("privacy", "track", pair.bob, "--no-clicks")
    wait_for(
        "the owner's decision to reach the edge",
        lambda: ask(link).status == 302 and edge_outcomes(shared_postlude).get("revoked", 0) > before,
        2 * PROMISED_SECONDS,
    )
    assert edge_outcomes(shared_postlude)["revoked"] > before


def test_an_address_that_is_not_known_cannot_be_erased(shared_postlude: Postlude) -> None:
    assert shared_postlude.run("privacy", "erase", "--yes", "nobody@nowhere.test").code == 6
