"""A newcomer's campaign with the commands alone: import, draft, checks, test, send, opens, report, follow-up."""

import re
import urllib.request
from email import message_from_bytes, policy

import pytest

from servers.commands import Done
from servers.postlude import Postlude
from servers.waiting import wait_for
from support.present import present

HTML = """<html><body><p>Dear {{ contact.first_name|default("friend") }},</p>
<p><a href="https://shop.example.com/offer">See the offer</a> <a href="hosted:prices.csv">Prices</a></p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""


def delivered(running: Postlude) -> dict[str, str]:
    """HTML by recipient, of what lies in the sandbox."""
    found = {}
    for path in (running.data / "mailbox").glob("*.mail"):
        message = message_from_bytes(path.read_bytes().partition(b"\n")[2], policy=policy.default)
        found[str(message["To"]).partition("<")[2].rstrip(">") or str(message["To"])] = present(
            message.get_body(("html",))
        ).get_content()
    return found


def fetch(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@pytest.fixture(scope="module")
def draft(shared_postlude: Postlude, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A list of six people and a campaign for it; what the command that made it reported."""
    folder = tmp_path_factory.mktemp("files")
    people, html, prices = folder / "people.csv", folder / "news.html", folder / "prices.csv"
    people.write_text("email,first_name\n" + "".join(f"p{n}@customer.test,Ada{n}\n" for n in range(6)))
    html.write_text(HTML)
    prices.write_text("a;1\n")
    agreed = ("--agreed", "at the till, 2026", "--consent", "mail")
    shared_postlude.done("lists", "add", "News")
    shared_postlude.done("contacts", "import", people, "--list", "News", *agreed)
    subject = ("--subject", "News for {{ contact.first_name }}", "--preheader", "Short")
    content = ("--from", "News <news@s.test>", *subject, "--html", html, "--host", prices, "--list", "News")
    return shared_postlude.done("campaigns", "create", "Spring", *content, "--json")


@pytest.fixture(scope="module")
def sent(shared_postlude: Postlude, draft: Done) -> Postlude:
    """An instance that has sent the campaign and a test mail of it before."""
    assert draft.json["status"] == "draft"
    shared_postlude.done("campaigns", "test", "spring", "--to", "me@s.test")
    shared_postlude.done("campaigns", "send", "spring", "--json")
    shown = ("campaigns", "show", "spring", "--json")
    wait_for("the end", lambda: shared_postlude.done(*shown).json["status"] == "sent", 40)
    wait_for("the test mail", lambda: len(delivered(shared_postlude)) == 7)
    return shared_postlude


def test_a_draft_counts_its_contacts(draft: Done) -> None:
    assert draft.json["status"] == "draft"
    assert draft.json["contacts"] == 6


def test_it_is_checked(shared_postlude: Postlude, draft: Done) -> None:
    assert shared_postlude.run("campaigns", "check", draft.json["name"]).code == 0


def test_a_preview_is_written_to_a_contact(shared_postlude: Postlude, draft: Done) -> None:
    preview = shared_postlude.done("campaigns", "preview", draft.json["name"], "--contact", "p0@customer.test")
    assert "Ada0" in preview.out


def test_everyone_gets_a_mail_of_their_own(sent: Postlude) -> None:
    mails = delivered(sent)
    assert [f"Dear Ada{n}," in mails[f"p{n}@customer.test"] for n in range(6)] == [True] * 6


def test_a_test_mail_has_no_pixel(sent: Postlude) -> None:
    assert ".gif" not in delivered(sent)["me@s.test"]


def test_what_the_reader_fetches_is_in_the_report(sent: Postlude) -> None:
    mail = delivered(sent)["p3@customer.test"]
    pixel, link, file = (
        present(re.search(pattern, mail))[0]
        for pattern in (r"http[^\"]+\.gif", r"http[^\"]+shop[^\"]+", r"http[^\"]+prices[^\"]+")
    )
    assert link.startswith(sent.edge_url)
    assert fetch(pixel) == fetch(file) == 200
    report = wait_for(
        "the download",
        lambda: (
            (found := sent.done("campaigns", "report", "spring", "--json").json)
            and sum(one["clicks"] + one["clicks_unknown"] + one["clicks_machine"] for one in found["links"])
            and found
        ),
        20,
    )
    assert report["all"]["sent"] == 6
    assert report["all"]["delivered"] == 6


def test_a_follow_up_is_a_draft_for_who_did_nothing(sent: Postlude) -> None:
    again = sent.done("campaigns", "follow-up", "spring", "--name", "Once more", "--json").json
    assert again["status"] == "draft"
    assert again["name"] == "Once more"
    assert again["contacts"] in {5, 6}  # whether a person opened it is the judge's matter


def test_a_campaign_goes_once(sent: Postlude) -> None:
    refused = sent.run("campaigns", "send", "spring")
    assert refused.code == 2
    assert "only a draft" in refused.err
