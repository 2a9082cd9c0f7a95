"""A wish that a file states is the same act as by the recipient or an operator, whatever its column is called."""

from pathlib import Path

import pytest
import xlsxwriter

from postlude.model.errors import InputError
from postlude.model.words import Consent, MemberStatus, MessagePurpose, Purpose
from postlude.services.contacts import contacts as service
from postlude.services.contacts import import_job
from postlude.services.contacts.import_job import ImportOrder
from postlude.store import Store
from postlude.store.contacts.rows import Contact
from support.present import present

from .conftest import CLOCK, Write, imported

ANNA = "anna@example.org"
AGREED = {"consent": (Purpose.MAIL,), "agreed": "card at the fair"}


def anna(store: Store) -> Contact:
    return present(store.contacts.by_address(ANNA))


def why(store: Store) -> str:
    """Why Anna gets no mailing; empty when she does."""
    return store.contacts.why_not([ANNA], MessagePurpose.MAILING).get(ANNA, "")


@pytest.fixture(params=["new", "known", "agreed"])
def whoever(store: Store, request: pytest.FixtureRequest) -> str:
    """She is new, or known, or has agreed before."""
    if request.param != "new":
        made = store.contacts.add(ANNA, CLOCK.now())
        if request.param == "agreed":
            given = dict.fromkeys(Purpose, Consent.GIVEN)
            store.contacts.record_consent(made.id, given, CLOCK.now(), how="by hand", source="card")
    return str(request.param)


@pytest.mark.parametrize("policy", ["update", "fill", "skip"])
def test_withdrawn_is_withdrawn_with_its_proof(store: Store, written: Write, whoever: str, policy: str) -> None:
    job = imported(store, written(f"email,consent\n{ANNA},withdrawn\n", "w.csv", policy=policy))
    assert anna(store).mail_consent is Consent.WITHDRAWN
    assert anna(store).fields == {}
    newest = store.contacts.consent_log(anna(store).id)[0]
    assert newest.purpose == Purpose.MAIL
    assert newest.state is Consent.WITHDRAWN
    assert newest.proof.how == "import"
    assert newest.proof.source == "the file says so (w.csv)"
    assert newest.proof.by == "carol"
    assert why(store) == "consent_withdrawn"
    assert job.counts["withdrawn"] == 1, whoever


@pytest.mark.parametrize(
    "text",
    [
        f"email,unsubscribed\n{ANNA},yes\n",
        f"Email Address,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,LEID,EUID\n{ANNA},2026-05-03 10:00:00,May,1,2\n",
        f"email;Opted out of email\n{ANNA};TRUE\n",
        f"EMAIL;BLACKLIST\n{ANNA};1\n",
        f"Email,Status\n{ANNA},Unsubscribed\nbob@example.org,Subscribed\n",
        f"{ANNA},unsubscribed\nbob@example.org,subscribed\n",
        f"email,status\n{ANNA},unsubscribed\nbob@example.org,shipped\n",
        f"email,mailings\n{ANNA},unsubscribed\n",
    ],
)
def test_who_left_gets_no_mailing(store: Store, written: Write, text: str, whoever: str) -> None:
    assert imported(store, written(text)).counts["ended"] == 1, whoever
    found = present(store.suppressions.get(ANNA))
    assert found.reason == "unsubscribed"
    assert found.evidence == "import people.csv"
    assert found.by == "carol"
    assert why(store) == "unsubscribed"
    assert not store.contacts.why_not([ANNA], MessagePurpose.PERSONAL)


@pytest.mark.parametrize(("cell", "reason"), [("Spam complaint", "complained"), ("cleaned", "bounced")])
def test_who_complained_or_is_gone_gets_nothing(store: Store, written: Write, cell: str, reason: str) -> None:
    imported(store, written(f"email,email status\n{ANNA},{cell}\n"))
    assert store.contacts.why_not([ANNA], MessagePurpose.PERSONAL) == {ANNA: reason}


@pytest.mark.parametrize(
    ("columns", "cells", "withdrawn"),
    [
        ("do_not_track", "yes", (True, True)),
        ("Do Not Track", "1", (True, True)),
        ("opens_consent,clicks_consent", "withdrawn,", (True, False)),
        ("track_clicks", "no", (False, True)),
        ("tracking_consent", "revoked", (True, True)),
    ],
)
def test_tracking_ends_from_now_on(  # noqa: PLR0917 - parameters
    store: Store, written: Write, whoever: str, columns: str, cells: str, withdrawn: tuple[bool, bool]
) -> None:
    before = CLOCK.now()
    imported(store, written(f"email,{columns}\n{ANNA},{cells}\n"))
    found = present(store.privacy.withdrawal(ANNA))
    assert [found.opens, found.clicks] == list(withdrawn), whoever
    assert found.at >= before
    assert store.privacy.newest_choice() > 0
    assert (anna(store).opens_consent is Consent.WITHDRAWN) == withdrawn[0]
    [last] = store.privacy.statements([ANNA])[ANNA][-1:]
    assert [last.opens, last.clicks] == list(withdrawn)


def test_withdrawn_twice_is_one_choice(store: Store, written: Write) -> None:
    text = f"email,do_not_track\n{ANNA},yes\n"
    imported(store, written(text))
    newest = store.privacy.newest_choice()
    assert "withdrawn" not in imported(store, written(text)).counts
    assert store.privacy.newest_choice() == newest


def test_a_choice_of_a_clock_that_is_ahead_is_overruled(store: Store, written: Write) -> None:
    made = store.contacts.add(ANNA, CLOCK.now())
    ahead = CLOCK.now() + 3_600_000_000
    given = {Purpose.OPENS: Consent.WITHDRAWN, Purpose.CLICKS: Consent.GIVEN}
    store.contacts.record_consent(made.id, given, ahead, how="by hand", source="card")
    imported(store, written(f"email,no_clicks\n{ANNA},yes\n"))
    found = present(store.privacy.withdrawal(ANNA))
    assert found.opens
    assert found.clicks


def test_the_file_outweighs_what_its_importer_says(store: Store, written: Write) -> None:
    news = store.lists.add("News", CLOCK.now())
    text = f"email,consent,unsubscribed\n{ANNA},withdrawn,\nbob@example.org,,yes\neve@example.org,,\n"
    imported(store, written(text, lists=(news.id,), **AGREED))
    states = {one.address: one.mail_consent for one in store.contacts.page()}
    assert states[ANNA] is Consent.WITHDRAWN
    assert states["eve@example.org"] is Consent.GIVEN
    bob = present(store.contacts.by_address("bob@example.org"))
    assert [one.status for one in store.lists.memberships(bob.id)] == [MemberStatus.UNSUBSCRIBED]


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("cells", [("withdrawn", "given"), ("given", "withdrawn")])
def test_an_import_makes_no_consent_of_a_withdrawal(
    store: Store, written: Write, monkeypatch: pytest.MonkeyPatch, batch: int, cells: tuple[str, str]
) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", batch)
    rows = "".join(f"{ANNA},{cell},{cell}\n" for cell in cells)
    order = written(f"email,consent,opens_consent\n{rows}", agreed="a form")
    imported(store, order)
    assert anna(store).mail_consent is Consent.WITHDRAWN
    assert present(store.privacy.withdrawal(ANNA)).opens
    imported(store, written(f"email,consent,opens_consent\n{ANNA},given,given\n", agreed="a form"))
    assert anna(store).mail_consent is Consent.WITHDRAWN
    assert present(store.privacy.withdrawal(ANNA)).opens


def test_stated_consent_needs_a_proof(store: Store, written: Write) -> None:
    text = f"email,consent,opens_consent\n{ANNA},yes,yes\n"
    assert imported(store, written(text)).counts["unproven"] == 1
    assert anna(store).mail_consent is Consent.UNKNOWN
    assert "unproven" not in imported(store, written(text, agreed="form on example.org")).counts
    assert anna(store).mail_consent is Consent.GIVEN
    assert anna(store).opens_consent is Consent.GIVEN
    assert store.contacts.consent_log(anna(store).id)[0].proof.source == "form on example.org (people.csv)"


@pytest.mark.parametrize("cell", ["maybe", "withdrawn on Friday", "3"])
def test_what_is_not_understood_is_refused_with_row_and_value(store: Store, written: Write, cell: str) -> None:
    job = imported(store, written(f"email,consent\nbob@example.org,no\n{ANNA},{cell}\n"))
    assert store.contacts.by_address(ANNA) is None
    [error] = store.jobs.errors(job.id)
    assert error.line == 3
    assert error.column == "consent"
    assert error.value == cell
    assert error.reason == "it is not clear what the person wants"
    assert "`given` or `withdrawn`" in error.remedy


def test_pending_is_no_consent(store: Store, written: Write) -> None:
    text = f"email,consent\n{ANNA},pending\n"
    job = imported(store, written(text, **AGREED))
    assert job.counts["wrong"] == 1
    assert "wrong" not in imported(store, written(text)).counts
    assert anna(store).mail_consent is Consent.UNKNOWN


def test_a_column_that_is_mapped_away_states_nothing(store: Store, written: Write) -> None:
    imported(store, written(f"email,consent\n{ANNA},withdrawn\n", mapping={"consent": "old_word"}))
    assert anna(store).fields == {"old_word": "withdrawn"}
    imported(store, written(f"email,Notes\n{ANNA},no\n", mapping={"Notes": "consent"}))
    assert anna(store).mail_consent is Consent.WITHDRAWN


def test_a_dry_run_tells_and_writes_nothing(store: Store, written: Write) -> None:
    text = f"email,consent,unsubscribed,do_not_track\n{ANNA},withdrawn,,\nbob@example.org,,yes,\ne@example.org,,,yes\n"
    tried = imported(store, written(text, dry_run=True))
    assert tried.counts["withdrawn"] == 2
    assert tried.counts["ended"] == 1
    assert store.contacts.count() == 0
    assert store.suppressions.count() == {}
    assert store.privacy.newest_choice() == 0
    assert imported(store, written(text)).counts == tried.counts
    again = imported(store, written(text, dry_run=True)).counts
    assert "withdrawn" not in again
    assert "ended" not in again


def test_a_spreadsheet_is_read_so_as_well(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Email", "Consent", "Unsubscribed"])
        sheet.write_row(1, 0, [ANNA, False, ""])
        sheet.write_row(2, 0, ["bob@example.org", "", True])
        sheet.write_row(3, 0, ["eve@example.org", 0, 0])
    imported(store, ImportOrder(file=str(path)))
    states = {one.address: one.mail_consent for one in store.contacts.page()}
    assert states == {ANNA: Consent.WITHDRAWN, "bob@example.org": Consent.UNKNOWN, "eve@example.org": Consent.WITHDRAWN}
    assert present(store.suppressions.get("bob@example.org")).reason == "unsubscribed"
    assert store.suppressions.get("eve@example.org") is None


def test_suppressions_take_every_address_of_such_a_file(store: Store, tmp_path: Path) -> None:
    from postlude.services.contacts.suppressions import import_suppressions  # noqa: PLC0415 - the other import

    path = tmp_path / "people.csv"
    path.write_text(f"email,status\n{ANNA},whatever\nbob@example.org,subscribed\n")
    assert import_suppressions(store, CLOCK, path, "carol").new == 2


@pytest.mark.parametrize("name", ["consent", "Unsubscribed", "do not track"])
def test_a_wish_by_hand_is_not_kept_as_a_custom_field(store: Store, name: str) -> None:
    with pytest.raises(InputError, match=r"states a wish.*postlude contacts consent"):
        service.add_contact(store, CLOCK, ANNA, fields={name: "withdrawn"})
    made = service.add_contact(store, CLOCK, ANNA, fields={"city": "Ulm"})
    with pytest.raises(InputError, match="states a wish"):
        service.edit_contact(store, CLOCK, made, fields={name: "yes"})


def test_what_was_kept_so_before_does_not_hinder_a_change(store: Store) -> None:
    made = store.contacts.add(ANNA, CLOCK.now(), fields={"consent": "withdrawn"})
    changed = service.edit_contact(store, CLOCK, made, fields={"consent": "withdrawn", "city": "Ulm"})
    assert changed.fields == {"consent": "withdrawn", "city": "Ulm"}
    assert service.edit_contact(store, CLOCK, changed, fields={"consent": ""}).fields == {"city": "Ulm"}
