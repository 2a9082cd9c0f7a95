"""A recipient withdraws tracking on the real page; links are stopped after sending; what was recorded is erased."""

import http.client
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.kit.clock import SystemClock
from servers.example_mails import LINKS, offer
from servers.pair import BOB, CHARLIE
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


def send(running: Postlude, subject: str) -> None:
    user = running.login().user
    message = offer(user, [BOB, CHARLIE], subject=subject)
    message["X-Postlude-Unsubscribe"] = "on"
    running.submit(user, [BOB, CHARLIE], message)


def test_withdrawn_on_the_page_it_acts_on_sent_mail_and_on_mail_to_come(
    postlude: Callable[..., Postlude], page: Page
) -> None:
    running = postlude()
    send(running, "Our offer")
    bob, charlie = received(running, BOB), received(running, CHARLIE)
    ask(bob.pixels[0])
    wait_for("the first open", lambda: "opened" in events(running, BOB))

    page.goto(bob.unsubscribe)
    page.get_by_role("link", name="Choose what is recorded").click()
    page.get_by_label("The sender may see when I open an email").uncheck()
    page.get_by_role("button", name="Save my choices").click()
    page.get_by_text("Opens are no longer recorded.").wait_for()

    def served_only() -> bool:
        ask(bob.pixels[0])
        return edge_outcomes(running)["revoked"] > 0

    wait_for("the withdrawal to reach the edge", served_only, PROMISED_SECONDS)
    before = events(running, BOB).count("opened")
    for url in (bob.pixels[0], charlie.pixels[0], bob.links[0]):
        assert ask(url).status in {200, 302}
    wait_for("Bob's click", lambda: "clicked" in events(running, BOB))
    assert events(running, BOB).count("opened") == before
    assert events(running, CHARLIE).count("opened") == 1

    running.kill()
    running.start()
    assert ask(bob.pixels[0]).status == 200
    assert edge_outcomes(running)["revoked"] == 1
    page.goto(bob.unsubscribe.replace("/u/", "/s/"))
    assert not page.get_by_label("The sender may see when I open an email").is_checked()
    assert page.get_by_label("The sender may see which links I follow").is_checked()

    send(running, "The next offer")
    again, hers = received(running, BOB, 1), received(running, CHARLIE, 1)
    assert len(again.pixels) == 0
    assert len(again.links) == len(hers.links)
    assert len(hers.pixels) == 1


def leads(url: str, status: int, where: str | None) -> bool:
    answer = ask(url)
    return (answer.status, answer.headers["Location"]) == (status, where)


def test_stopped_replaced_and_erased(postlude: Callable[..., Postlude], page: Page) -> None:
    running = postlude()
    send(running, "Our offer")
    bob, charlie = received(running, BOB), received(running, CHARLIE)
    for url in (bob.pixels[0], bob.links[0], charlie.links[0]):
        ask(url)
    wait_for(
        "both clicks",
        lambda: {"opened", "clicked"} <= {*events(running, BOB)} and "clicked" in events(running, CHARLIE),
    )
    message = running.timeline(BOB)["messages"][0]["message"]["message"]
    for arguments, status, where in (
        (("stop", message, "0"), 410, None),
        (("replace", message, "0", "https://new.example/x?a=b&c=%2F"), 302, "https://new.example/x?a=b&c=%2F"),
        (("restore", message, "0"), 302, LINKS[0]),
    ):
        done = running.run("link", *arguments)
        assert done.code == 0, done
        wait_for(
            f"{arguments[0]} to reach the edge",
            partial(leads, bob.links[0], status, where),
            PROMISED_SECONDS,
        )
    assert running.run("link", "stop", message, "77").code == 6
    assert running.run("link", "replace", message, "0", "javascript:alert(1)").code == 2

    page.goto(bob.unsubscribe.replace("/u/", "/s/"))
    page.get_by_role("button", name="Send me what is stored").click()
    page.get_by_role("heading", name="It is on its way").wait_for()
    answer = received(running, BOB, 1)
    assert answer.pixels == answer.links == []
    assert "Clicked" in answer.text
    assert "Thunderbird/140.1" in answer.text
    assert CHARLIE not in answer.text
    assert "Clicked" in running.run("privacy", "show", BOB).out

    page.goto(bob.unsubscribe.replace("/u/", "/s/"))
    page.get_by_role("button", name="Erase what was recorded").click()
    page.get_by_role("heading", name="It is being erased").wait_for()
    wait_for("the erasure", lambda: not {"opened", "clicked"} & {*events(running, BOB)})
    assert "clicked" in events(running, CHARLIE)
    [view] = [
        each["message"] for each in running.timeline(BOB)["messages"] if each["message"]["subject"] == "Our offer"
    ]
    his = next(copy for copy in view["copies"] if copy["recipient"] == BOB)
    assert his["opens"] == 0
    assert his["clicks"] == 0
    assert his["status"] == "sent"
    clicks = [link["clicks"] + link["clicks_unknown"] + link["clicks_machine"] for link in view["links"]]
    assert sum(clicks) == 1

    assert running.run("privacy", "track", BOB, "--no-clicks").code == 0
    wait_for(
        "the owner's word to reach the edge",
        lambda: ask(bob.links[0]).status == 302 and edge_outcomes(running)["revoked"] > 0,
        2 * PROMISED_SECONDS,
    )
    assert running.run("privacy", "erase", "--yes", "nobody@nowhere.test").code == 6
