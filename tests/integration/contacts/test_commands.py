"""`postlude contacts`, `lists` and `suppressions`, as somebody at a terminal uses them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.commands import run as run_command

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def command(*arguments: str, code: int = 0) -> str:
        done = run_command(*arguments, settings={"data": tmp_path / "data"}, folder=tmp_path)
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        return done.out + (done.err if code else "")

    return command


def test_from_a_file_to_an_export_and_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Mail;Ort\nanna@example.org;Köln\nnobody;Bonn\n")
    assert "there is no list 'News'" in run("contacts", "import", "people.csv", "--list", "News", code=6)
    run("lists", "add", "News", "--single-optin", "--description", "Monthly")
    tried = json.loads(run("contacts", "import", "people.csv", "--list", "News", "--dry-run", "--json"))
    assert tried["added"] == 1
    assert tried["wrong"] == 1
    assert tried["dry_run"] is True
    assert "no contacts" in run("contacts", "list")
    told = run("contacts", "import", "people.csv", "--list", "News", "--tag", "fair", "--errors", "wrong.csv")
    assert "1  added" in told
    assert "line 3: 'nobody' no address: write it as name@example.com" in told
    [wrong] = csv.DictReader((tmp_path / "wrong.csv").read_text(encoding="utf-8-sig").splitlines())
    assert wrong["line"] == "3"
    assert wrong["remedy"]
    run("contacts", "add", "Bob <bob@bücher.example>", "--field", "ort=Wien")
    assert "is there already" not in run("contacts", "list", "bob")
    exported = run("contacts", "export")
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [(row["email"], row["ort"], row["lists"], row["tags"]) for row in rows] == [
        ("bob@xn--bcher-kva.example", "Wien", "", ""),
        ("anna@example.org", "Köln", "News", "fair"),
    ]
    (tmp_path / "again.csv").write_text(exported)
    again = json.loads(run("contacts", "import", "again.csv", "--json"))
    assert again["rows"] == 2
    assert again["added"] == 0
    assert again["wrong"] == 0
    [first, *_] = json.loads(run("contacts", "imports", "--json"))
    assert first["title"] == "Import again.csv"
    assert json.loads(run("lists", "list", "--json"))[0]["subscribed"] == 1


def test_one_contact_from_adding_to_erasing(run: Run) -> None:
    run("contacts", "add", "anna@example.org", "--name", "Anna", "--field", "ort=Köln", "--tag", "vip")
    assert "is a contact already" in run("contacts", "add", "ANNA@example.org", code=2)
    assert "is not a time zone" in run("contacts", "edit", "anna@example.org", "--time-zone", "Mars", code=2)
    run("contacts", "edit", "anna@example.org", "--time-zone", "europe/berlin", "--field", "ort=", "--untag", "vip")
    assert "consent needs a proof" in run("contacts", "consent", "anna@example.org", "--mail", "given", code=2)
    run("contacts", "consent", "anna@example.org", "--mail", "given", "--opens", "withdrawn", "--source", "phone")
    told = json.loads(run("contacts", "show", "anna@example.org", "--json"))
    assert told["time_zone"] == "Europe/Berlin"
    assert told["fields"] == {}
    assert told["tags"] == []
    assert told["consent"] == {"mail": "given", "opens": "withdrawn", "clicks": "unknown"}
    assert told["proofs"][0]["source"] == "phone"
    assert told["proofs"][0]["by"]
    run("contacts", "unsubscribe", "anna@example.org", "--all")
    assert "suppressed: unsubscribed" in run("contacts", "show", "anna@example.org")
    run("contacts", "erase", "anna@example.org", "--yes")
    assert "is not a contact" in run("contacts", "show", "anna@example.org", code=6)
    assert "unsubscribed" in run("suppressions", "list")


def test_suppressions_go_out_and_come_back(run: Run, tmp_path: Path) -> None:
    run("suppressions", "add", "anna@example.org", "bob@example.org", "--note", "called us")
    assert "was already suppressed" in run("suppressions", "add", "Anna@example.org")
    (tmp_path / "out.csv").write_text(run("suppressions", "export"))
    assert "is not suppressed" in run("suppressions", "remove", "carol@example.org", code=6)
    run("suppressions", "remove", "bob@example.org")
    assert "1 suppressed, 1 were already suppressed, 0 rejected" in run("suppressions", "import", "out.csv")
    (tmp_path / "theirs.csv").write_text("address,reason\ndora@example.org,Hard Bounce\nx,y\n")
    assert "1 suppressed, 0 were already suppressed, 1 rejected" in run("suppressions", "import", "theirs.csv")
    listed = json.loads(run("suppressions", "list", "--json"))
    assert listed["by_reason"] == {"hard_bounce": 1, "manual": 2}
    anna = next(one for one in listed["suppressions"] if one["address"] == "anna@example.org")
    assert anna["note"] == "called us"
    assert bool(anna["by"])
