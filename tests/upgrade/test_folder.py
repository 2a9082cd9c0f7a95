"""A data folder of a released version, opened by today's `postlude up`: it is all there, and goes on."""

import csv
import json
import os
import re
import shutil
import smtplib
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from sqlalchemy import JSON, Boolean, MetaData, create_engine

from postlude.store.engine import Database, engine_of
from postlude.store.migrate import HEAD, current
from servers.postlude import Login, Postlude
from servers.waiting import LOOPBACK, wait_for
from support.releases import unpacked

RENAMED = {"unsure": "indeterminate"}
"""Words of v0.1.0's reports that say something else today."""
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
Entry = tuple[str, str, str, int, int]


KEPT_FOR_GOOD: dict[str, object] = {"keep_events_days": 0, "keep_mail_days": 0, "keep_replies_days": 0}
"""The folder gets older every day, and what it holds is to be read all the same."""


class Answered(NamedTuple):
    status: int
    location: str
    body: bytes


class OldFolder(Postlude):
    """An instance of today on the folder, with what the old version told of it."""

    def __init__(self, home: Path, told: dict[str, Any], **settings: object) -> None:
        super().__init__(home, empty=False, real=False, **KEPT_FOR_GOOD | settings)
        self.told = told

    def login(self) -> Login:
        return Login(*self.told["login"])

    def mail(self, recipient: str, subject: str) -> EmailMessage:
        """A mail that the old version sent."""
        for path in (self.data / "mailbox").glob("*.mail"):
            head, _, raw = path.read_bytes().partition(b"\n")
            mail = message_from_bytes(raw, policy=policy.default)
            if json.loads(head)["rcpt_to"] == recipient and subject in str(mail["Subject"]):
                assert isinstance(mail, EmailMessage)
                return mail
        raise AssertionError(f"no {subject!r} to {recipient}")

    def urls(self, recipient: str, subject: str) -> list[str]:
        """Every URL of its HTML."""
        body = self.mail(recipient, subject).get_body(("html",))
        assert body is not None
        return re.findall(r'(?:href|src)="(http[^"]+)"', body.get_content())

    def fetch(self, url: str, body: bytes | None = None) -> Answered:
        """What the edge of today answers where the old mail leads."""
        assert url.startswith(self.told["edge"])
        parts = urlsplit(url.replace("&amp;", "&"))
        here = f"{self.edge_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        request = urllib.request.Request(here, body, {"User-Agent": CHROME})
        try:
            with urllib.request.build_opener(Stay).open(request, timeout=10) as answer:
                return Answered(answer.status, "", answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answered(error.code, error.headers.get("Location", ""), error.read())

    def entries(self, message_id: str) -> list[Entry]:
        """Its timeline today."""
        found = self.timeline(message_id)
        return [entry(each) for each in found["messages"][0]["timeline"]] if found else []


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Where links lead does not exist."""


def entry(each: dict[str, Any]) -> Entry:
    return each["kind"], each["recipient"], each["verdict"], each["at"], each["position"]


def by_address(table: str) -> dict[str, dict[str, str]]:
    """An exported file's rows by their address; later versions may have more columns."""
    return {row["email"]: row for row in csv.DictReader(table.splitlines())}


def renamed(value: Any) -> Any:
    """What the old version told, in today's words."""
    text = json.dumps(value)
    for old, new in RENAMED.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    return json.loads(text)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened(
    request: pytest.FixtureRequest, release: str, old_code: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OldFolder]:
    """`postlude up` on the folder, with its state in SQLite or brought over to PostgreSQL before."""
    home = unpacked(release, "folder", tmp_path_factory.mktemp("opened"))
    settings: dict[str, object] = {}
    if request.param == "postgresql":
        url = request.getfixturevalue("module_postgresql_url")
        carry_over(home / "data" / "state.sqlite", url, old_code)
        settings["state_url"] = url
    told = json.loads((home / "told.json").read_text())
    running = OldFolder(home, told, owner=told["login"][0], **settings)
    shutil.rmtree(home / "data" / "control.sock", ignore_errors=True)
    try:
        running.start()
        yield running
    finally:
        running.close()


def carry_over(state: Path, url: str, old_code: Path) -> None:
    """The rows of the SQLite file into PostgreSQL tables that the old version made."""
    script = f"from postlude.store import open_store; open_store({url!r}).close()"
    environment = os.environ | {"PYTHONPATH": str(old_code / "src")}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    engine, tables = create_engine(url), MetaData()
    tables.reflect(engine)
    with closing(sqlite3.connect(state)) as old, engine.begin() as new:
        old.row_factory = sqlite3.Row
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            flags = [column.name for column in table.columns if isinstance(column.type, Boolean)]
            documents = [column.name for column in table.columns if isinstance(column.type, JSON)]
            for row in old.execute(f'SELECT * FROM "{table.name}"'):
                values = dict(row)
                values |= {name: bool(values[name]) for name in flags if values[name] is not None}
                values |= {name: json.loads(values[name]) for name in documents if isinstance(values[name], str)}
                new.execute(table.insert(), values)
    engine.dispose()


@pytest.fixture
def message_ids(opened: OldFolder) -> list[str]:
    return list(opened.told["timelines"])


def test_the_tables_are_todays(opened: OldFolder) -> None:
    url = str(opened.settings.get("state_url") or f"sqlite:///{opened.data / 'state.sqlite'}")
    with closing(Database(engine_of(url))) as database:
        assert current(database) == HEAD


def test_every_timeline_tells_what_it_told(opened: OldFolder, message_ids: list[str]) -> None:
    for each in message_ids:
        told = [entry(one) for one in renamed(opened.told["timelines"][each]["messages"][0]["timeline"])]
        assert told
        assert set(told) <= set(opened.entries(each))


def test_what_nobody_knows_of_a_copy_stays_so(opened: OldFolder) -> None:
    found = opened.timeline("<who-knows@sender.example>")["messages"][0]
    told = renamed(opened.told["timelines"]["<who-knows@sender.example>"]["messages"][0])
    assert [copy["status"] for copy in found["message"]["copies"]] == [told["message"]["copies"][0]["status"]]


def test_what_waited_for_its_next_try_leaves(opened: OldFolder) -> None:
    def tried() -> dict[str, Any] | None:
        copy: dict[str, Any] = opened.timeline("<try-again@sender.example>")["messages"][0]["message"]["copies"][0]
        return copy if copy["status"] in {"deferred", "sent"} else None  # between them it is claimed

    assert wait_for("the mail that was put off", tried)["attempts"] >= 1


def test_the_campaign_reports_what_it_reported(opened: OldFolder) -> None:
    now = opened.run("campaigns", "report", "Winter", "--json").json
    told = renamed(opened.told["campaign"])
    for name in ("copies", "sent", "delivered", "bounced", "opened", "clicked"):
        assert now["all"][name] == told["all"][name], name
    assert [one["name"] for one in now["variants"]] == ["A", "B"]
    assert [link["url"] for link in now["links"]] == [link["url"] for link in told["links"]]


def test_a_draft_is_still_one(opened: OldFolder) -> None:
    assert opened.run("campaigns", "show", "Spring", "--json").json["status"] == "draft"


def test_contacts_are_there_with_all_that_was_kept_of_them(opened: OldFolder) -> None:
    told = by_address(opened.told["contacts"])
    now = by_address(opened.run("contacts", "export").out)
    for address, row in told.items():
        same = row.keys() - {"lists"}  # one of them leaves the list in a test here
        assert {name: now[address][name] for name in same} == {name: row[name] for name in same}


def test_whoever_must_not_be_mailed_stays_so(opened: OldFolder) -> None:
    told = by_address(opened.told["suppressions"])
    now = by_address(opened.run("suppressions", "export").out)
    for address, row in told.items():
        assert {name: now[address][name] for name in row} == row


def test_who_was_forgotten_and_complained_may_not_come_back(opened: OldFolder) -> None:
    opened.run("contacts", "add", "cross@customer.example")
    assert "cross@customer.example" in opened.run("suppressions", "export").out


def test_what_could_not_be_matched_still_asks(opened: OldFolder) -> None:
    told = opened.told["unmatched"]["unmatched"]
    now = opened.run("feedback", "unmatched", "--json").json["unmatched"]
    assert told
    assert len(now) == len(told)


def test_links_of_old_mail_lead_on(opened: OldFolder) -> None:
    links = [url for url in opened.urls("alice@customer.example", "The offer") if "shop.example" in url]
    answers = [opened.fetch(url) for url in links]
    assert [(one.status, one.location) for one in answers] == [
        (302, "https://shop.example/offer?id=7"),
        (302, "https://shop.example/terms"),
    ]


def test_a_link_that_was_replaced_leads_to_the_new_place(opened: OldFolder) -> None:
    link = next(url for url in opened.urls("carol@customer.example", "Minutes of Tuesday") if "terms" in url)
    assert opened.fetch(link).location == "https://shop.example/new-terms"


def test_a_hosted_file_is_still_served(opened: OldFolder) -> None:
    link = next(url for url in opened.urls(*campaign_copy(opened)) if "prices.csv" in url)
    file = opened.fetch(opened.fetch(link).location)
    assert file.status == 200
    assert file.body == b"wool;7\n"


def campaign_copy(opened: OldFolder) -> tuple[str, str]:
    """A recipient of the campaign who was still on its list, and a part of the subject."""
    left = {line.partition(",")[0] for line in opened.told["contacts"].splitlines() if ",Customers," not in line}
    for path in sorted((opened.data / "mailbox").glob("*.mail")):
        head, _, raw = path.read_bytes().partition(b"\n")
        recipient = json.loads(head)["rcpt_to"]
        if b"Wool for" in raw and recipient.endswith("@list.example") and recipient not in left:
            return recipient, "Wool for"
    raise AssertionError("nobody got the campaign")


def test_a_pixel_of_old_mail_counts(opened: OldFolder) -> None:
    pixel = next(url for url in opened.urls("carol@customer.example", "Minutes of Tuesday") if ".gif" in url)
    before = len(opens(opened, "<minutes-of-tuesday@sender.example>", "carol@customer.example"))
    assert opened.fetch(pixel).status == 200
    wait_for(
        "the opening",
        lambda: len(opens(opened, "<minutes-of-tuesday@sender.example>", "carol@customer.example")) > before,
    )


def test_withdrawn_opens_are_not_recorded(opened: OldFolder) -> None:
    pixel = next(url for url in opened.urls("bob@customer.example", "The offer") if ".gif" in url)
    before = opens(opened, "<the-offer@sender.example>", "bob@customer.example")
    assert opened.fetch(pixel).status == 200
    click = next(url for url in opened.urls("bob@customer.example", "The offer") if "terms" in url)
    opened.fetch(click)  # recorded after it, so that it has been read as well
    wait_for(
        "the click",
        lambda: [
            one
            for one in opened.entries("<the-offer@sender.example>")
            if one[:2] == ("clicked", "bob@customer.example")
        ],
    )
    assert opens(opened, "<the-offer@sender.example>", "bob@customer.example") == before


def opens(opened: OldFolder, message_id: str, recipient: str) -> list[Entry]:
    return [one for one in opened.entries(message_id) if one[:2] == ("opened", recipient)]


def test_unsubscribing_from_old_mail_works(opened: OldFolder) -> None:
    recipient, subject = campaign_copy(opened)
    found = re.search(r"<(http[^>]+)>", str(opened.mail(recipient, subject)["List-Unsubscribe"]))
    assert found
    assert opened.fetch(found[1], b"List-Unsubscribe=One-Click").status == 200
    wait_for("the leaving", lambda: "Customers" not in row_of(opened, recipient))


def row_of(opened: OldFolder, address: str) -> str:
    return next(line for line in opened.run("contacts", "export").out.splitlines() if line.startswith(address))


def test_what_a_killed_edge_had_answered_is_counted(opened: OldFolder) -> None:
    def look() -> bool:
        seen = {one[:2] for one in opened.entries("<invoice-117@sender.example>")}
        return {("opened", "dave@customer.example"), ("clicked", "dave@customer.example")} <= seen

    wait_for("the hits that no digest had read", look)


def test_what_a_killed_relay_had_accepted_is_sent(opened: OldFolder) -> None:
    wait_for(
        "the mail accepted last",
        lambda: any(
            one[:2] == ("delivered", "frank@customer.example")
            for one in opened.entries("<written-at-the-end@sender.example>")
        ),
    )


def test_the_old_app_password_still_sends(opened: OldFolder) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = opened.told["login"][0], "new@customer.example", "After the upgrade"
    mail["Message-ID"] = "<after@sender.example>"
    mail.set_content("Hello.")
    with smtplib.SMTP(LOOPBACK, opened.ports["relay"], timeout=15) as client:
        client.login(*opened.login())
        client.send_message(mail)
    wait_for("the new mail", lambda: any(one[0] == "delivered" for one in opened.entries("<after@sender.example>")))


def test_signing_in_works(opened: OldFolder) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(opened.sign_in_link(), timeout=10).close()
    with opener.open(f"{opened.web_url}/", timeout=10) as page:
        assert "The offer" in page.read().decode()


def test_users_and_their_passwords_are_there(opened: OldFolder) -> None:
    told = {one["login"]: [each["label"] for each in one["passwords"]] for one in opened.told["users"]}
    now = {
        one["login"]: [each["label"] for each in one["passwords"]] for one in opened.run("user", "list", "--json").json
    }
    assert now == told


def test_the_doctor_finds_it_whole(release: str, tmp_path: Path) -> None:
    home = unpacked(release, "folder", tmp_path / "again")
    told = json.loads((home / "told.json").read_text())
    running = OldFolder(home, told, owner=told["login"][0])
    try:
        running.start()
        wait_for("the digest", lambda: running.entries("<written-at-the-end@sender.example>"))
        assert running.stop() == 0
    finally:
        running.close()
    done = running.run("doctor", "--json")
    assert done.code == 0, done.out
