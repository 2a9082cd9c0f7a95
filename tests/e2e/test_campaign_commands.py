"""A newcomer's campaign with the commands alone: import, draft, checks, test, send, opens, report, follow-up."""

import re
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

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


def test_a_campaign_by_commands(postlude: Callable[..., Postlude], tmp_path: Path) -> None:
    running = postlude()
    people, html, prices = tmp_path / "people.csv", tmp_path / "news.html", tmp_path / "prices.csv"
    people.write_text("email,first_name\n" + "".join(f"p{n}@customer.test,Ada{n}\n" for n in range(6)))
    html.write_text(HTML)
    prices.write_text("a;1\n")
    agreed = ("--agreed", "at the till, 2026", "--consent", "mail")
    assert running.run("lists", "add", "News").code == 0
    assert running.run("contacts", "import", people, "--list", "News", *agreed).code == 0
    content = (
        "--subject",
        "News for {{ contact.first_name }}",
        "--preheader",
        "Short",
        "--html",
        html,
        "--host",
        prices,
    )
    made = running.run(
        "campaigns", "create", "Spring", "--from", "News <news@s.test>", *content, "--list", "News", "--json"
    )
    assert made.code == 0, made
    assert made.json["status"] == "draft"
    assert made.json["contacts"] == 6
    assert running.run("campaigns", "check", "spring").code == 0
    assert "Ada0" in running.run("campaigns", "preview", "spring", "--contact", "p0@customer.test").out
    assert running.run("campaigns", "test", "spring", "--to", "me@s.test").code == 0
    assert running.run("campaigns", "send", "spring", "--json").code == 0
    wait_for("the end", lambda: running.run("campaigns", "show", "spring", "--json").json["status"] == "sent", 40)
    mails = wait_for("the test mail", lambda: len(delivered(running)) == 7 and delivered(running), 20)
    assert "Dear Ada3," in mails["p3@customer.test"]
    assert ".gif" not in mails["me@s.test"]
    pixel, link, file = (
        present(re.search(pattern, mails["p3@customer.test"]))[0]
        for pattern in (r"http[^\"]+\.gif", r"http[^\"]+shop[^\"]+", r"http[^\"]+prices[^\"]+")
    )
    assert fetch(pixel) == fetch(file) == 200
    assert link.startswith(running.edge_url)
    report = wait_for(
        "the open and the download",
        lambda: (
            (found := running.run("campaigns", "report", "spring", "--json").json)
            and sum(one["clicks"] + one["clicks_unknown"] + one["clicks_machine"] for one in found["links"])
            and found
        ),
        20,
    )
    assert report["all"]["sent"] == 6
    assert report["all"]["delivered"] == 6
    again = running.run("campaigns", "follow-up", "spring", "--name", "Once more", "--json").json
    assert again["status"] == "draft"
    assert again["name"] == "Once more"
    assert again["contacts"] in {5, 6}  # whether a person opened it is the judge's matter
    refused = running.run("campaigns", "send", "spring")
    assert refused.code == 2
    assert "only a draft" in refused.err
