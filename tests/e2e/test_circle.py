"""All six questions for one message, with a real mail server, real mailboxes and a real browser.

Alice writes to Bob, Charlie and somebody who does not exist. Bob opens it twice, follows one link, unsubscribes and
answers; Charlie marks it as spam and is away; the unknown one bounces. Then the timeline and the web page know it all.
"""

import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from postlude.feedback.build import build_complaint
from servers.example_mails import html_of, offer
from servers.pair import ALICE, BOB, BOUNCE_DOMAIN, CHARLIE, PASSWORD, UNKNOWN_USER, Servers
from servers.postlude import Postlude
from servers.shop import Shop
from servers.waiting import LOOPBACK, wait_for

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
"""Not the headless one, which is rightly taken for a machine."""
READING_SECONDS = 2.2
"""A click sooner than two seconds after the mail left is rightly suspected."""
FIRST, SECOND = "/price-list?item=7&size=large&name=caf%C3%A9", "/terms?v=2#delivery"


def test_all_six_questions(
    postlude: Callable[..., Postlude], mail: Servers, shop: Shop, browser: Browser, tmp_path: Path
) -> None:
    running = postlude(
        empty=True,
        real=True,
        smtp_host=LOOPBACK,
        smtp_port=mail.smtp_port,
        smtp_tls="none",
        return_domain=BOUNCE_DOMAIN,
        imap_host=LOOPBACK,
        imap_port=mail.imap_port,
        imap_tls="false",
        imap_user=ALICE,
        imap_password=PASSWORD,
    )
    mail.forwarder.target = running.ports["inbound"]
    written = offer(ALICE, [BOB, UNKNOWN_USER], cc=[CHARLIE], links=(shop.url(FIRST), shop.url(SECOND)))
    written["X-Postlude-Unsubscribe"] = "on"
    running.submit(ALICE, [BOB, CHARLIE, UNKNOWN_USER], written)
    for_bob = mail.wait_for_mail(BOB, "Our offer")
    for_charlie = mail.wait_for_mail(CHARLIE, "Our offer")
    check_what_arrived(written, for_bob, for_charlie)

    read_and_click(browser, for_bob, tmp_path)
    assert shop.visits == [SECOND.partition("#")[0]]
    assert shop.referers == [""]
    unsubscribe(for_bob)
    answer(mail, for_bob)
    complain(mail, for_charlie)

    copies = wait_for("all six answers", lambda: complete(running, str(written["Message-ID"])), 30, pause=0.3)
    check_answers(copies)
    check_links(running, str(written["Message-ID"]), shop)
    check_story(running, str(written["Message-ID"]))
    check_page(running, browser)


def check_what_arrived(written: EmailMessage, *copies: EmailMessage) -> None:
    """Each has the visible headers as written, an envelope sender of its own and a token of its own."""
    for name in ("From", "To", "Cc", "Subject", "Date", "Message-ID"):
        assert {str(copy[name]) for copy in copies} == {str(written[name])}, name
    paths = {str(copy["Return-Path"]) for copy in copies}
    assert len(paths) == len(copies)
    assert all(path.endswith(f"@{BOUNCE_DOMAIN}>") for path in paths)
    assert len({html_of(copy) for copy in copies}) == len(copies)


def read_and_click(browser: Browser, received: EmailMessage, folder: Path) -> None:
    """Bob opens the mail, closes it, opens it again and follows the second link."""
    file = folder / "mail.html"
    file.write_text(html_of(received))
    context = browser.new_context(user_agent=DESKTOP)
    open_mail(context, file).close()
    page = open_mail(context, file)
    page.wait_for_timeout(READING_SECONDS * 1000)
    page.click("#second")
    page.wait_for_url("**/terms?v=2#delivery")
    context.close()


def open_mail(context: BrowserContext, file: Path) -> Page:
    """The letter in a tab, its pixel loaded."""
    page = context.new_page()
    with page.expect_response(lambda response: "/i/" in response.url) as pixel:
        page.goto(file.as_uri())
    assert pixel.value.status == 200
    assert pixel.value.headers["content-type"] == "image/gif"
    return page


def unsubscribe(received: EmailMessage) -> None:
    """What a mail program does when Bob presses its button (RFC 8058)."""
    assert received["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = str(received["List-Unsubscribe"]).partition("<")[2].partition(">")[0]
    with urllib.request.urlopen(urllib.request.Request(url, b"List-Unsubscribe=One-Click"), timeout=10) as done:
        assert done.status == 200


def answer(mail: Servers, received: EmailMessage) -> None:
    """Bob writes back to Alice: through Postfix into her mailbox, where Postlude reads it."""
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = f"Bob <{BOB}>", str(received["From"]), f"Re: {received['Subject']}"
    reply["Message-ID"] = make_msgid(domain="customer.test")
    reply["In-Reply-To"] = reply["References"] = str(received["Message-ID"])
    reply.set_content("Thank you, we take it.\n\n> Our offer\n")
    mail.send_as(BOB, [ALICE], reply)
    mail.wait_for_mail(ALICE, "Re: Our offer")


def complain(mail: Servers, received: EmailMessage) -> None:
    """Charlie's provider reports it as spam: ARF to the envelope sender, through Postfix to the inbound server."""
    path = str(received["Return-Path"]).strip("<>")
    now = time.time_ns() // 1000
    report = build_complaint(received.as_bytes(), recipient=CHARLIE, reporting="mx.other.test", at=now, to=f"<{path}>")
    mail.send("feedback@other.test", [path], report)


Copies = dict[str, dict[str, Any]]


def complete(running: Postlude, message_id: str) -> Copies:
    """Copies by recipient, once every answer has come in; {} before."""
    found = running.timeline(message_id)
    copies = {copy["recipient"]: copy for copy in found["messages"][0]["message"]["copies"]} if found else {}
    if len(copies) != 3:
        return {}
    answers = (
        copies[UNKNOWN_USER]["bounced_at"],
        copies[CHARLIE]["complained_at"],
        copies[BOB]["replied_at"],
        copies[BOB]["unsubscribed_at"],
        copies[BOB]["opens"] == 2,
        copies[BOB]["clicks"],
    )
    return copies if all(answers) else {}


def check_answers(copies: Copies) -> None:
    """Nobody is credited with what another did."""
    bob, charlie, unknown = copies[BOB], copies[CHARLIE], copies[UNKNOWN_USER]
    assert bob["status"] == "sent"
    assert bob["delivered"] == "implied"
    assert bob["opens"] == 2
    assert bob["clicks"] == 1
    assert bob["opens_machine"] == 0
    assert bob["clicks_machine"] == 0
    assert bob["bounced_at"] is None
    assert bob["complained_at"] is None
    assert charlie["opens"] == 0
    assert charlie["clicks"] == 0
    assert charlie["replied_at"] is None
    assert charlie["unsubscribed_at"] is None
    assert unknown["bounce_reason"] == "unknown_user"
    assert unknown["opens"] == 0
    assert unknown["complained_at"] is None
    assert unknown["delivered"] in {"", "accepted"}


def check_links(running: Postlude, message_id: str, shop: Shop) -> None:
    """It says which link."""
    links = running.timeline(message_id)["messages"][0]["message"]["links"]
    assert {link["url"]: link["clicks"] for link in links if link["tracked"]} == {
        shop.url(FIRST): 0,
        shop.url(SECOND): 1,
    }


def check_story(running: Postlude, message_id: str) -> None:
    """The timeline tells it in order, each kind as often as it happened."""
    story = running.timeline(message_id)["messages"][0]["timeline"]
    told = Counter((entry["recipient"], entry["kind"]) for entry in story)
    assert told == {
        **{(recipient, kind): 1 for recipient in (BOB, CHARLIE, UNKNOWN_USER) for kind in ("queued", "sent")},
        (BOB, "opened"): 2,
        (BOB, "clicked"): 1,
        (BOB, "unsubscribed"): 1,
        (BOB, "replied"): 1,
        (CHARLIE, "complained"): 1,
        (UNKNOWN_USER, "bounced"): 1,
    }
    assert [entry["at"] for entry in story] == sorted(entry["at"] for entry in story)
    assert all(entry["summary"] for entry in story)
    by_address = running.timeline(UNKNOWN_USER)["messages"]
    assert [found["message"]["message_id"] for found in by_address] == [message_id.strip("<>")]


def check_page(running: Postlude, browser: Browser) -> None:
    """The web app says the same to Alice."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(running.sign_in_link())
    row = page.locator(".rows li").first
    for words in ("Our offer", "1/3 opened", "1/3 clicked", "1/3 replied", "1 failed"):
        expect(row).to_contain_text(words)
    row.click()
    for recipient, outcomes in (
        (BOB, ("2 opens", "1 click", "replied", "unsubscribed")),
        (CHARLIE, ("marked as spam",)),
        (UNKNOWN_USER, ("bounced", "unknown user")),
    ):
        for outcome in outcomes:
            expect(page.locator(".copy", has_text=recipient)).to_contain_text(outcome)
    assert page.locator(".event").count() == 13
    context.close()
