"""What rows of a file state is recorded, on both engines."""

import pytest

from postlude.model.stated_wish import StatedWish
from postlude.model.words import Consent, MemberStatus, Purpose
from postlude.store import Store
from postlude.store.contacts.bulk_import import ImportRow, Intake
from postlude.store.jobs.rows import Beat
from support.present import present

DAY = 86_400_000_000


def put_in(store: Store, *rows: ImportRow, told: int = 5, given: int = 0) -> dict[str, int]:
    """Import these rows; what was counted."""
    job = store.jobs.claim("test", DAY, 0, job=store.jobs.add("import", "Import", DAY, {}, unit="lines", total=1).id)
    intake = Intake(present(job).id, "test", 2 * DAY, "import x.csv", "update", proof=given, told=told, by="carol")
    counted: dict[str, int] = {}

    def beat(counts: object) -> Beat:
        counted.update(counts)  # type: ignore[call-overload]  # counts by name
        return Beat(job=present(job).id, at=DAY, done=1)

    store.contacts.import_batch(intake, rows, [], beat)
    return {name: number for name, number in counted.items() if number}


def row(name: str, stated: StatedWish) -> ImportRow:
    address = f"{name}@example.org"
    return ImportRow(address, address, stated=stated)


def test_many_withdraw_at_once(store: Store) -> None:
    rows = [row(f"p{number}", StatedWish(opens=Consent.WITHDRAWN)) for number in range(1500)]
    assert put_in(store, *rows) == {"added": 1500, "withdrawn": 1500}
    assert len(store.privacy.withdrawals([one.address for one in rows])) == 1500


def test_what_is_withdrawn_besides_stays_withdrawn(store: Store) -> None:
    put_in(store, row("a", StatedWish(opens=Consent.WITHDRAWN)))
    put_in(store, row("a", StatedWish(clicks=Consent.WITHDRAWN)))
    found = present(store.privacy.withdrawal("a@example.org"))
    assert found.opens
    assert found.clicks


@pytest.mark.parametrize("status", [MemberStatus.SUBSCRIBED, MemberStatus.UNSUBSCRIBED])
def test_who_left_a_list_elsewhere_decided_here_about_the_lists_here(store: Store, status: MemberStatus) -> None:
    member, other = (store.contacts.add(f"{name}@example.org", DAY) for name in ("member", "other"))
    store.lists.put_member(store.lists.add("News", DAY).id, member.id, status, DAY)
    left = StatedWish(ended="left")
    assert put_in(store, row("member", left), row("other", left), row("new", left))["ended"] == 2
    assert store.suppressions.get(member.address) is None
    assert present(store.suppressions.get(other.address)).reason == "unsubscribed"
    assert present(store.suppressions.get("new@example.org")).reason == "unsubscribed"


def test_a_complaint_outweighs_that_they_left(store: Store) -> None:
    store.suppressions.add("a@example.org", "unsubscribed", at=DAY)
    assert put_in(store, row("a", StatedWish(ended="complained")))["ended"] == 1
    found = present(store.suppressions.get("a@example.org"))
    assert found.reason == "complained"
    assert found.left_at == DAY


def test_given_is_recorded_where_nothing_is_known_and_proven(store: Store) -> None:
    given = StatedWish(mail=Consent.GIVEN, opens=Consent.GIVEN)
    assert put_in(store, row("a", given))["unproven"] == 1
    put_in(store, row("b", StatedWish(opens=Consent.WITHDRAWN)))
    put_in(store, row("a", given), row("b", given), given=7)
    a, b = (present(store.contacts.by_address(f"{name}@example.org")) for name in "ab")
    assert a.mail_consent is Consent.GIVEN
    assert a.opens_consent is Consent.GIVEN
    assert b.mail_consent is Consent.GIVEN
    assert b.opens_consent is Consent.WITHDRAWN
    assert Purpose.OPENS not in {one.purpose for one in store.contacts.consent_log(b.id) if one.state is Consent.GIVEN}
