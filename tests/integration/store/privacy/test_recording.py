"""What may be recorded of an address is one truth, whoever says it and whoever asks."""

import pytest
from sqlalchemy import text

from postlude.model.words import Consent, Purpose
from postlude.store import PreferenceChoice, Store, open_store
from postlude.store.contacts.bulk_import import ImportRow, Intake
from postlude.store.contacts.rows import Proof
from postlude.store.engine import Database, engine_of
from postlude.store.jobs.rows import Beat
from postlude.store.migrate import migrate
from postlude.store.privacy.recording import MayRecord, may_record
from postlude.store.privacy.rows import TrackingStatement
from support.present import present

DAY = 86_400_000_000
BOB = "bob@example.org"
NO_OPENS = PreferenceChoice(0, opens=False, clicks=True, at=DAY, evidence="letter")


def now(store: Store, address: str = BOB) -> MayRecord:
    """As single mail and campaigns see it; what the digest sees is the same."""
    found = store.privacy.withdrawals([address]).get(address)
    asked = MayRecord() if found is None else MayRecord(not found.opens, not found.clicks)
    assert may_record(store.privacy.statements([address]).get(address, []), 1 << 62) == asked
    return asked


def record(store: Store, contact: int, purpose: Purpose, state: Consent, at: int) -> None:
    store.contacts.record_consent(contact, {purpose: state}, at, how="by hand", source="letter", by="carol")


def test_a_choice_acts_from_its_own_time() -> None:
    statements = [TrackingStatement(100, opens=True, clicks=False), TrackingStatement(200, opens=False, clicks=True)]
    assert [may_record(statements, at) for at in (99, 100, 199, 200)] == [
        MayRecord(),
        MayRecord(opens=False),
        MayRecord(opens=False),
        MayRecord(clicks=False),
    ]


@pytest.mark.parametrize(
    ("purpose", "expected"), [(Purpose.OPENS, MayRecord(opens=False)), (Purpose.CLICKS, MayRecord(clicks=False))]
)
def test_what_an_operator_records_for_a_contact_counts_for_the_address(
    store: Store, purpose: Purpose, expected: MayRecord
) -> None:
    contact = store.contacts.add("Bob@example.org", DAY)
    record(store, contact.id, purpose, Consent.WITHDRAWN, DAY)
    assert now(store) == expected
    assert present(store.privacy.withdrawal(BOB)).evidence == "by hand, letter, by carol"


def test_both_are_kept_when_they_are_recorded_one_after_the_other(store: Store) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, Purpose.OPENS, Consent.WITHDRAWN, DAY)
    record(store, contact.id, Purpose.CLICKS, Consent.WITHDRAWN, 2 * DAY)
    assert now(store) == MayRecord(opens=False, clicks=False)


def test_consent_given_again_by_hand_allows_again(store: Store) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, Purpose.OPENS, Consent.WITHDRAWN, DAY)
    record(store, contact.id, Purpose.OPENS, Consent.GIVEN, 2 * DAY)
    assert now(store) == MayRecord()


@pytest.mark.parametrize(
    ("purpose", "state"),
    [(Purpose.MAIL, Consent.WITHDRAWN), (Purpose.OPENS, Consent.GIVEN), (Purpose.MAIL, Consent.GIVEN)],
)
def test_what_says_nothing_new_of_tracking_is_no_choice(store: Store, purpose: Purpose, state: Consent) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, purpose, state, DAY)
    assert store.privacy.newest_choice() == 0


def test_an_address_without_a_contact_can_withdraw(store: Store) -> None:
    store.privacy.choose("Bob@example.org", NO_OPENS, "by hand")
    assert now(store) == MayRecord(opens=False)


def test_a_contact_made_later_shows_what_its_address_withdrew(store: Store) -> None:
    store.privacy.choose(BOB, NO_OPENS, "by hand")
    made = store.contacts.add(BOB, 2 * DAY)
    assert made.opens_consent == Consent.WITHDRAWN
    assert made.clicks_consent == Consent.UNKNOWN


def test_a_withdrawal_goes_with_the_contact_to_its_new_address(store: Store) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, Purpose.OPENS, Consent.WITHDRAWN, DAY)
    store.contacts.change(contact.id, 2 * DAY, spelled="robert@example.org")
    assert now(store, "robert@example.org") == MayRecord(opens=False)
    assert now(store) == MayRecord(opens=False)


def test_a_withdrawal_outlives_the_contact(store: Store) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, Purpose.OPENS, Consent.WITHDRAWN, DAY)
    store.contacts.erase(contact.id, 1)
    assert now(store) == MayRecord(opens=False)


@pytest.mark.parametrize("known", [False, True])
def test_an_import_of_consent_does_not_overrule_the_address(store: Store, known: bool) -> None:
    if known:
        store.contacts.add(BOB, DAY)
    store.privacy.choose(BOB, NO_OPENS, "by hand")
    store.contacts.add_proof(Proof(id=5, at=2 * DAY, how="import", source="card"))
    both = (Purpose.OPENS, Purpose.CLICKS)
    job = store.jobs.add("import", "people.csv", DAY, {}, owner="x").id
    intake = Intake(job=job, owner="x", at=2 * DAY, source="file", policy="update", purposes=both, proof=5)
    entries = [ImportRow(BOB, BOB), ImportRow("eve@x.org", "eve@x.org")]
    store.contacts.import_batch(intake, entries, [], lambda _: Beat(job=job, at=DAY, done=2))
    assert now(store) == MayRecord(opens=False)
    contact, eve = store.contacts.by_address(BOB), store.contacts.by_address("eve@x.org")
    assert present(contact).opens_consent == Consent.WITHDRAWN
    assert present(contact).clicks_consent == Consent.GIVEN
    assert present(eve).opens_consent == Consent.GIVEN
    assert present(eve).clicks_consent == Consent.GIVEN
    given = [one.purpose for one in store.contacts.consent_log(present(contact).id) if one.state is Consent.GIVEN]
    assert given == [Purpose.CLICKS]


def test_what_operators_recorded_before_counts_after_the_migration(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0009_due_from_the_start")
    with database.write() as connection:
        for number, (address, opens, clicks) in enumerate((("a@x.org", "withdrawn", ""), ("b@x.org", "", "given")), 1):
            row = {"id": number, "address": address, "opens": opens, "clicks": clicks}
            connection.execute(
                text(
                    "INSERT INTO contacts (id, address, spelled, fields, opens_consent, clicks_consent, created_at, "
                    "updated_at) VALUES (:id, :address, :address, '{}', :opens, :clicks, 1, 7)"
                ),
                row,
            )
    database.close()
    store = open_store(empty_url)
    assert now(store, "a@x.org") == MayRecord(opens=False)
    assert now(store, "b@x.org") == MayRecord()
    assert store.privacy.statements(["a@x.org"])["a@x.org"] == [TrackingStatement(7, opens=True, clicks=False)]
    store.close()


def where_asked_first(store: Store, address: str = BOB) -> MayRecord:
    """What may be recorded where only what somebody agreed to may."""
    found = store.privacy.limits([address]).get(address)
    return MayRecord() if found is None else MayRecord(not found.opens, not found.clicks)


NOTHING = MayRecord(opens=False, clicks=False)


def test_where_consent_comes_first_nothing_said_is_no(store: Store) -> None:
    assert where_asked_first(store) == NOTHING


def test_where_consent_comes_first_consent_to_mail_is_none_to_recording(store: Store) -> None:
    record(store, store.contacts.add(BOB, DAY).id, Purpose.MAIL, Consent.GIVEN, DAY + 1)
    assert where_asked_first(store) == NOTHING


@pytest.mark.parametrize("address", [BOB, "BOB@Example.org"])
def test_where_consent_comes_first_what_was_given_may_be_recorded(store: Store, address: str) -> None:
    record(store, store.contacts.add(BOB, DAY).id, Purpose.OPENS, Consent.GIVEN, DAY + 2)
    assert where_asked_first(store, address) == MayRecord(clicks=False)


def test_where_consent_comes_first_what_was_withdrawn_may_not_be_recorded(store: Store) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, Purpose.OPENS, Consent.GIVEN, DAY + 2)
    record(store, contact.id, Purpose.OPENS, Consent.WITHDRAWN, DAY + 3)
    assert where_asked_first(store) == NOTHING
    assert now(store) == MayRecord(opens=False)


def test_where_consent_comes_first_a_box_that_was_ticked_is_none(store: Store) -> None:
    store.privacy.choose(BOB, PreferenceChoice(0, opens=True, clicks=True, at=DAY, evidence="page"), "page")
    assert where_asked_first(store) == NOTHING
    contact = store.contacts.add(BOB, DAY + 1)
    record(store, contact.id, Purpose.OPENS, Consent.WITHDRAWN, DAY + 2)
    store.privacy.choose(BOB, PreferenceChoice(0, opens=True, clicks=True, at=DAY + 3, evidence="page"), "page")
    assert where_asked_first(store) == MayRecord(clicks=False)  # what was withdrawn before was given again


def test_where_consent_comes_first_a_no_to_the_one_is_no_yes_to_the_other(store: Store) -> None:
    contact = store.contacts.add(BOB, DAY)
    record(store, contact.id, Purpose.CLICKS, Consent.WITHDRAWN, DAY + 1)
    assert where_asked_first(store) == NOTHING
