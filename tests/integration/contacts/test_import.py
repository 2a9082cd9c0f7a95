import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import xlsxwriter

from postlude.model.errors import InputError
from postlude.model.words import Consent, JobStatus, MemberStatus, Purpose
from postlude.services.contacts import import_job
from postlude.services.contacts.import_job import ImportOrder, claim_import, order_import, run_import
from postlude.store import Store, open_store
from postlude.store.jobs.rows import Job
from support.present import present

from .conftest import CLOCK, Write, imported

DAY = 86_400_000_000
PEOPLE = "E-Mail;Vorname;Nachname;Ort;Tags\nAnna@Example.org;Anna;Müller;Köln;vip, press\nbob@example.org;Bob;;Bonn;\n"


def test_a_file_becomes_contacts_with_fields_tags_lists_and_proof(store: Store, written: Write) -> None:
    news = store.lists.add("News", DAY)
    order = written(PEOPLE, lists=(news.id,), tags=("fair",), consent=(Purpose.MAIL,), agreed="card at the fair 2026")
    job = imported(store, order)
    assert job.status == JobStatus.DONE
    assert job.counts == {"added": 2, "rows": 2}
    assert job.done == 3
    assert job.total == 3
    assert job.unit == "lines"
    assert job.by == "carol"
    anna = store.contacts.by_address("anna@example.org")
    assert anna is not None
    assert anna.spelled == "Anna@example.org"
    assert anna.name == "Anna Müller"
    assert anna.source == "import people.csv"
    assert anna.fields == {"vorname": "Anna", "nachname": "Müller", "ort": "Köln"}
    assert store.contacts.tags_of([anna.id]) == {anna.id: ["fair", "press", "vip"]}
    assert [one.status for one in store.lists.memberships(anna.id)] == [MemberStatus.SUBSCRIBED]
    [entry] = store.contacts.consent_log(anna.id)
    assert entry.purpose == Purpose.MAIL
    assert entry.state == Consent.GIVEN
    assert entry.proof.how == "import"
    assert entry.proof.by == "carol"
    assert entry.proof.source == "card at the fair 2026 (people.csv)"
    assert set(store.contacts.fields()) == {"vorname", "nachname", "ort"}


def test_every_bad_row_says_where_why_and_what_to_do(store: Store, written: Write) -> None:
    text = "email,zone\nok@example.org,\nnobody,\n,x\n\na b@example.org,\nc@example.org,Mars/Base\nd@localhost,\n"
    job = imported(store, written(text, mapping={"zone": "time_zone"}))
    assert job.counts == {"added": 1, "rows": 1, "wrong": 5, "blank": 1}
    found = [(e.line, e.column, e.value, e.reason) for e in store.jobs.errors(job.id)]
    assert found == [
        (3, "email", "nobody", "no address"),
        (4, "email", "", "the address is missing"),
        (6, "email", "a b@example.org", "a space before the @"),
        (7, "zone", "Mars/Base", "'Mars/Base' is not a time zone"),
        (8, "email", "d@localhost", "'localhost' has no top-level domain"),
    ]
    assert all(error.remedy for error in store.jobs.errors(job.id))


@pytest.fixture
def anna(store: Store, written: Write) -> int:
    """Known from an earlier file."""
    imported(store, written("email,name,city,phone\na@example.org,Anna,Köln,1\n"))
    known = store.contacts.by_address("a@example.org")
    assert known is not None
    return known.id


_AGAIN = "email,name,city,phone\nA@example.org,,Bonn,\n"


def test_known_contacts_can_be_skipped(store: Store, written: Write, anna: int) -> None:
    assert imported(store, written(_AGAIN, policy="skip")).counts == {"unchanged": 1, "rows": 1}
    assert store.contacts.get(anna).fields["city"] == "Köln"


def test_known_contacts_can_be_filled(store: Store, written: Write, anna: int) -> None:
    text = "email,name,city,phone,age\na@example.org,Anja,Bonn,,40\n"
    assert imported(store, written(text, policy="fill")).counts == {"updated": 1, "rows": 1}
    assert store.contacts.get(anna).name == "Anna"
    assert store.contacts.get(anna).fields == {"city": "Köln", "phone": "1", "age": "40"}


def test_known_contacts_are_updated_with_what_is_there(store: Store, written: Write, anna: int) -> None:
    assert imported(store, written(_AGAIN)).counts == {"updated": 1, "rows": 1}
    assert store.contacts.get(anna).name == "Anna"
    assert store.contacts.get(anna).fields == {"city": "Bonn", "phone": "1"}


@pytest.mark.usefixtures("anna")
def test_the_same_file_again_changes_nothing(store: Store, written: Write) -> None:
    imported(store, written(_AGAIN))
    assert imported(store, written(_AGAIN)).counts == {"unchanged": 1, "rows": 1}


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_repeats_within_a_file_are_one_contact(
    store: Store, written: Write, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", batch)
    text = "email,city\na@example.org,Köln\nb@example.org,\nA@example.org,Bonn\na@example.org,\n"
    tried = imported(store, written(text, dry_run=True))
    assert tried.counts == {"added": 2, "repeated": 2, "rows": 4}
    assert store.contacts.count() == 0
    done = imported(store, written(text))
    assert done.counts == tried.counts
    found = store.contacts.by_address("a@example.org")
    assert found is not None
    assert found.fields == {"city": "Bonn"}


def test_who_left_stays_away_and_who_is_suppressed_stays_suppressed(store: Store, written: Write) -> None:
    news = store.lists.add("News", DAY, double_optin=False)
    anna, bob = (store.contacts.add(f"{name}@example.org", DAY) for name in ("anna", "bob"))
    store.lists.put_member(news.id, anna.id, MemberStatus.UNSUBSCRIBED, DAY)
    store.contacts.record_consent(anna.id, {Purpose.MAIL: Consent.WITHDRAWN}, DAY, how="preferences page")
    store.suppressions.add("bob@example.org", "complained", at=DAY)
    order = written("email\nanna@example.org\nbob@example.org\n", lists=(news.id,), consent=(Purpose.MAIL,), agreed="x")
    assert imported(store, order).counts == {"unchanged": 2, "rows": 2, "suppressed": 1, "left": 1}
    assert [one.status for one in store.lists.memberships(anna.id)] == [MemberStatus.UNSUBSCRIBED]
    assert store.contacts.get(anna.id).mail_consent is Consent.WITHDRAWN
    assert len(store.contacts.consent_log(anna.id)) == 1
    assert store.contacts.get(bob.id).mail_consent is Consent.GIVEN
    assert store.suppressions.contains(["bob@example.org"])


def test_consent_needs_proof_and_double_optin_needs_consent(store: Store, written: Write) -> None:
    news = store.lists.add("News", DAY)
    with pytest.raises(InputError, match="confirm by mail"):
        order_import(store, CLOCK, written(PEOPLE, lists=(news.id,)))
    with pytest.raises(InputError, match="consent needs a proof"):
        order_import(store, CLOCK, written(PEOPLE, lists=(news.id,), consent=(Purpose.MAIL,), agreed=" "))
    assert store.jobs.latest() == []


def test_an_encoding_that_does_not_fit_spoils_only_its_rows(store: Store, written: Write) -> None:
    good, bad = "a@example.org,Köln\n".encode(), "b@example.org,Köln\n".encode("cp1252")
    job = imported(store, written(b"email,city\n" + good + bad, encoding="utf-8"))
    assert job.options["encoding"] != ""
    order = written(b"email,city\n" + good + bad)
    told = imported(store, msgspec.structs.replace(order, encoding="utf-8"))
    assert [(e.line, e.reason) for e in store.jobs.errors(told.id)] == [(3, "bytes that are not utf-8-sig")]
    with pytest.raises(InputError, match="not a text encoding"):
        order_import(store, CLOCK, msgspec.structs.replace(order, encoding="utf-9"))


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("sep=;\nx;email\n1;a@example.org\n", {"added": 1, "rows": 1}),
        ("b@example.org\nc@example.org\n", {"added": 2, "rows": 2}),
        ("email\n", {}),
    ],
    ids=["a line that names the separator", "no header", "nothing but a header"],
)
def test_odd_files_are_read(store: Store, written: Write, text: str, counts: dict[str, int]) -> None:
    assert imported(store, written(text)).counts == counts


def test_a_column_is_found_by_what_it_holds(store: Store, written: Write) -> None:
    imported(store, written("who,where\nAnna,Anna <d@example.org>\n"))
    anna = store.contacts.by_address("d@example.org")
    assert anna is not None
    assert anna.name == "Anna"


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("a,b\n1,2\n", "no column has addresses")])
def test_a_file_without_addresses_is_refused(store: Store, written: Write, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        order_import(store, CLOCK, written(text))


def test_a_column_that_is_missing_is_named(store: Store, written: Write) -> None:
    with pytest.raises(InputError, match="no column 'Post'"):
        order_import(store, CLOCK, written(PEOPLE, mapping={"Post": "email"}))


def test_a_forgotten_quotation_mark_costs_one_row(store: Store, written: Write) -> None:
    rows = [f"p{n}@example.org,town {n}" for n in range(3000)]
    rows[10] = 'p10@example.org,"town 10'
    job = imported(store, written("email,city\n" + "\n".join(rows) + "\n"))
    assert job.counts == {"added": 2999, "rows": 2999, "wrong": 1}
    [error] = store.jobs.errors(job.id)
    assert error.line == 12
    assert error.reason == "a quotation mark is opened here and never closed"
    assert job.done == 3001


def test_spreadsheets(store: Store, written: Write, tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "people.xlsx", {"default_date_format": "yyyy-mm-dd"})
    book.add_worksheet("Cover").hide()
    sheet = book.add_worksheet("People")
    book.get_worksheet_by_name("People").activate()
    book.get_worksheet_by_name("People").set_first_sheet()
    for number, row in enumerate((["Email", "Age", "Town"], ["a@example.org", 40, "Köln"], ["none", 41, ""])):
        sheet.write_row(number + 1, 1, row)
    book.close()
    order = written((tmp_path / "people.xlsx").read_bytes(), name="people.xlsx")
    job = imported(store, order)
    assert job.counts == {"added": 1, "rows": 1, "wrong": 1}
    assert [error.line for error in store.jobs.errors(job.id)] == [4]
    found = store.contacts.by_address("a@example.org")
    assert found is not None
    assert found.fields == {"age": "40", "town": "Köln"}
    with pytest.raises(InputError, match="no sheet 'Nowhere'"):
        order_import(store, CLOCK, msgspec.structs.replace(order, sheet="Nowhere"))
    with pytest.raises(InputError, match="cannot be read"):
        order_import(store, CLOCK, written(b"PK\3\4 no zip", name="broken.xlsx"))


def _claimed(store: Store, order: ImportOrder) -> Job:
    job = claim_import(store, CLOCK, "a", order_import(store, CLOCK, order).id)
    assert job is not None
    return job


@pytest.fixture
def long(written: Write, monkeypatch: pytest.MonkeyPatch) -> ImportOrder:
    """35 contacts and a row that is wrong, ten rows at a time."""
    monkeypatch.setattr(import_job, "BATCH_ROWS", 10)
    return written("email\n" + "".join(f"p{n}@example.org\n" for n in range(35)) + "wrong\n")


def test_a_paused_import_goes_on_where_it_was(store: Store, long: ImportOrder) -> None:
    job = _claimed(store, long)

    def pause(seen: Job) -> None:
        store.jobs.ask(seen.id, "pause", 1)

    stopped = run_import(store, CLOCK, job, pause)
    assert stopped.status is JobStatus.PAUSED
    assert stopped.job.done == 21
    again = claim_import(store, CLOCK, "b", job.id)
    assert again is not None
    done = run_import(store, CLOCK, again)
    assert done.status == JobStatus.DONE
    assert done.job.counts == {"added": 35, "rows": 35, "wrong": 1}


def test_an_import_that_is_done_is_not_claimed(store: Store, long: ImportOrder) -> None:
    job = _claimed(store, long)
    run_import(store, CLOCK, job)
    assert claim_import(store, CLOCK, "c", job.id) is None


def test_an_import_is_cancelled(store: Store, long: ImportOrder) -> None:
    job = _claimed(store, long)
    store.jobs.ask(job.id, "cancel", 1)
    assert run_import(store, CLOCK, job).status is JobStatus.CANCELLED


def test_another_file_under_the_name_is_noticed(store: Store, written: Write) -> None:
    job = order_import(store, CLOCK, written(PEOPLE))
    written(PEOPLE + "c@example.org;;;;\n")
    claimed = claim_import(store, CLOCK, "a", job.id)
    assert claimed is not None
    with pytest.raises(InputError, match="not the file"):
        run_import(store, CLOCK, claimed)
    assert store.jobs.get(job.id).status is JobStatus.FAILED


_CHILD = """
import sys
from postlude.kit.clock import SystemClock
from postlude.services.contacts import import_job
from postlude.store import open_store
import_job.BATCH_ROWS = 200
store = open_store(sys.argv[1])
job = import_job.claim_import(store, SystemClock(), "child", int(sys.argv[2]))
import_job.run_import(store, SystemClock(), job, lambda job: print(job.done, flush=True))
"""


def test_kill_9_loses_nothing_and_repeats_nothing(state_url: str, written: Write) -> None:
    store = open_store(state_url)
    order = written("email,n\n" + "".join(f"p{n}@example.org,{n}\n" for n in range(20_000)))
    job = order_import(store, CLOCK, order)
    batches = 3
    for _ in range(int(os.environ.get("POSTLUDE_TEST_KILLS", "3"))):  # more rounds: set it
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, state_url, str(job.id)], stdout=subprocess.PIPE, text=True
        )
        with present(child.stdout) as told:
            for _ in range(batches):
                told.readline()
            child.send_signal(signal.SIGKILL)
            child.wait()
        seen = store.jobs.get(job.id)
        assert seen.status is JobStatus.RUNNING
        assert store.contacts.count() == seen.counts["added"] == seen.done - 1
        with store._database.write() as connection:  # as if a minute had gone by
            connection.exec_driver_sql("UPDATE jobs SET beat_at = 0")
    done = run_import(store, CLOCK, present(claim_import(store, CLOCK, "last", job.id)))
    assert done.job.counts == {"added": 20_000, "rows": 20_000}
    assert store.contacts.count() == 20_000
    store.close()
