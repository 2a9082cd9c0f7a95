"""`postlude contacts`, `lists` and `suppressions`, as somebody at a terminal uses them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


@pytest.fixture
def people(run: Run, tmp_path: Path) -> str:
    """A file with a person and a row that is wrong, and a list for them."""
    (tmp_path / "people.csv").write_text("Mail;Ort\nanna@example.org;Köln\nnobody;Bonn\n")
    run("lists", "add", "News", "--single-optin", "--description", "Monthly")
    return "people.csv"


def test_an_import_names_a_list_that_is_missing(run: Run, people: str) -> None:
    assert "there is no list 'Old'" in run("contacts", "import", people, "--list", "Old", code=6)


def test_a_dry_run_counts_and_adds_nothing(run: Run, people: str) -> None:
    tried = json.loads(run("contacts", "import", people, "--list", "News", "--dry-run", "--json"))
    assert tried["added"] == 1
    assert tried["wrong"] == 1
    assert tried["dry_run"] is True
    assert "no contacts" in run("contacts", "list")


def test_an_import_says_what_was_wrong_and_writes_it_to_a_file(run: Run, people: str, tmp_path: Path) -> None:
    told = run("contacts", "import", people, "--errors", "wrong.csv")
    assert "1  added" in told
    assert "line 3: 'nobody' no address: write it as name@example.com" in told
    [wrong] = csv.DictReader((tmp_path / "wrong.csv").read_text(encoding="utf-8-sig").splitlines())
    assert wrong["line"] == "3"
    assert wrong["remedy"]


def test_a_wish_in_a_file_is_told_before_and_withdrawn_after(run: Run, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("email,consent,do_not_track\nanna@example.org,withdrawn,\nbob@example.org,,yes\n")
    tried = run("contacts", "import", "w.csv", "--dry-run")
    assert "2  withdraw consent, as the file states" in tried
    run("contacts", "import", "w.csv")
    shown = json.loads(run("contacts", "show", "anna@example.org", "--json"))
    assert shown["consent"]["mail"] == "withdrawn"
    assert shown["proofs"][0]["source"] == "the file says so (w.csv)"
    assert "opens are not recorded, clicks are not recorded" in run("privacy", "show", "bob@example.org")


def test_a_wish_that_is_not_understood_is_asked_about(run: Run, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("email,consent\nanna@example.org,perhaps\n")
    assert "line 2: 'perhaps' it is not clear what the person wants: write" in run("contacts", "import", "w.csv")


def test_imports_are_listed(run: Run, people: str) -> None:
    run("contacts", "import", people)
    [first] = json.loads(run("contacts", "imports", "--json"))
    assert first["title"] == "Import people.csv"


def test_an_export_holds_fields_lists_and_tags(run: Run, people: str) -> None:
    run("contacts", "import", people, "--list", "News", "--tag", "fair")
    run("contacts", "add", "Bob <bob@bücher.example>", "--field", "ort=Wien")
    rows = list(csv.DictReader(io.StringIO(run("contacts", "export"))))
    assert [(row["email"], row["ort"], row["lists"], row["tags"]) for row in rows] == [
        ("bob@xn--bcher-kva.example", "Wien", "", ""),
        ("anna@example.org", "Köln", "News", "fair"),
    ]


def test_an_export_comes_back_without_a_change(run: Run, people: str, tmp_path: Path) -> None:
    run("contacts", "import", people, "--list", "News", "--tag", "fair")
    (tmp_path / "again.csv").write_text(run("contacts", "export"))
    again = json.loads(run("contacts", "import", "again.csv", "--json"))
    assert again["rows"] == 1
    assert again["added"] == 0
    assert again["wrong"] == 0
    assert json.loads(run("lists", "list", "--json"))[0]["subscribed"] == 1


@pytest.fixture
def anna(run: Run) -> str:
    run("contacts", "add", "anna@example.org", "--name", "Anna", "--field", "ort=Köln", "--tag", "vip")
    return "anna@example.org"


def shown(run: Run, contact: str) -> dict[str, Any]:
    return dict(json.loads(run("contacts", "show", contact, "--json")))


def test_an_address_is_added_once(run: Run, anna: str) -> None:
    assert "is a contact already" in run("contacts", "add", anna.upper(), code=2)


def test_a_value_that_cannot_be_changes_nothing(run: Run, anna: str) -> None:
    assert "is not a time zone" in run("contacts", "edit", anna, "--time-zone", "Mars", "--name", "Eve", code=2)
    assert shown(run, anna)["name"] == "Anna"


def test_a_contact_is_changed(run: Run, anna: str) -> None:
    run("contacts", "edit", anna, "--time-zone", "europe/berlin", "--field", "ort=", "--untag", "vip")
    changed = shown(run, anna)
    assert changed["time_zone"] == "Europe/Berlin"
    assert changed["fields"] == {}
    assert changed["tags"] == []


def test_consent_needs_a_proof(run: Run, anna: str) -> None:
    assert "consent needs a proof" in run("contacts", "consent", anna, "--mail", "given", code=2)
    assert shown(run, anna)["consent"]["mail"] == "unknown"


def test_consent_is_kept_with_its_proof(run: Run, anna: str) -> None:
    run("contacts", "consent", anna, "--mail", "given", "--opens", "withdrawn", "--source", "phone")
    known = shown(run, anna)
    assert known["consent"] == {"mail": "given", "opens": "withdrawn", "clicks": "unknown"}
    assert known["proofs"][0]["source"] == "phone"
    assert known["proofs"][0]["by"]


def test_who_unsubscribes_from_all_is_suppressed(run: Run, anna: str) -> None:
    run("contacts", "unsubscribe", anna, "--all")
    assert "suppressed: unsubscribed" in run("contacts", "show", anna)


def test_erasing_a_contact_keeps_that_they_left(run: Run, anna: str) -> None:
    run("contacts", "unsubscribe", anna, "--all")
    run("contacts", "erase", anna, "--yes")
    assert "is not a contact" in run("contacts", "show", anna, code=6)
    assert "unsubscribed" in run("suppressions", "list")


@pytest.fixture
def two(run: Run) -> list[str]:
    """Addresses that must not be mailed."""
    addresses = ["anna@example.org", "bob@example.org"]
    run("suppressions", "add", *addresses, "--note", "called us")
    return addresses


@pytest.mark.usefixtures("two")
def test_an_address_is_suppressed_once(run: Run) -> None:
    assert "was already suppressed" in run("suppressions", "add", "Anna@example.org")


@pytest.mark.usefixtures("two")
def test_a_suppression_says_who_and_why(run: Run) -> None:
    listed = json.loads(run("suppressions", "list", "--json"))
    assert listed["by_reason"] == {"manual": 2}
    anna = next(one for one in listed["suppressions"] if one["address"] == "anna@example.org")
    assert anna["note"] == "called us"
    assert bool(anna["by"])


def test_removing_what_is_not_suppressed_is_refused(run: Run) -> None:
    assert "is not suppressed" in run("suppressions", "remove", "carol@example.org", code=6)


def test_suppressions_go_out_and_come_back(run: Run, two: list[str], tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text(run("suppressions", "export"))
    run("suppressions", "remove", two[1])
    assert "1 suppressed, 1 were already suppressed, 0 rejected" in run("suppressions", "import", "out.csv")


def test_suppressions_of_another_program_are_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / "theirs.csv").write_text("address,reason\ndora@example.org,Hard Bounce\nx,y\n")
    assert "1 suppressed, 0 were already suppressed, 1 rejected" in run("suppressions", "import", "theirs.csv")
    assert json.loads(run("suppressions", "list", "--json"))["by_reason"] == {"hard_bounce": 1}


def test_contacts_are_counted_and_listed_by_state(run: Run) -> None:
    run("contacts", "add", "anna@example.org")
    assert json.loads(run("contacts", "engagement", "--json"))["new"] == 1
    listed = json.loads(run("contacts", "list", "--state", "new", "--json"))
    assert [one["state"] for one in listed["contacts"]] == ["new"]
    assert run("contacts", "export", "--state", "new").splitlines()[1].startswith("anna@example.org,,new,,0")
    assert "stands alone" in run("contacts", "list", "anna", "--state", "hot", code=2)
