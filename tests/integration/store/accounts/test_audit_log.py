"""The audit log in the state, on both engines."""

import pytest

from postlude.store import Store
from postlude.store.accounts.audit_log import AuditSearch, audit_along
from postlude.store.accounts.rows import AuditEntry


def _entry(who: str, at: int = 10) -> AuditEntry:
    return AuditEntry(at, who, "web", "user role", "what\0ever", "192.0.2.1")


def test_entries_are_found_newest_first(store: Store) -> None:
    for who in ("a", "b", "c"):
        store.accounts.add_audit(_entry(who))
    assert [one.who for one in store.accounts.every_audit(AuditSearch())] == ["c", "b", "a"]
    assert store.accounts.audit_acts() == ["user role"]


@pytest.mark.parametrize("sought", ["%", "_", "\\"])
def test_a_search_takes_its_words_as_they_are(store: Store, sought: str) -> None:
    store.accounts.add_audit(_entry("alice"))
    assert store.accounts.audit_page(AuditSearch(person=sought), 5) == []


def test_old_entries_go(store: Store) -> None:
    store.accounts.add_audit(_entry("old", 10))
    store.accounts.add_audit(_entry("new", 20))
    assert store.accounts.forget_audit_before(20) == 1
    assert [one.who for one in store.accounts.audit_page(AuditSearch(), 5)] == ["new"]


def test_an_entry_goes_with_the_next_transaction_and_back_with_it(store: Store) -> None:
    due = [_entry("second"), _entry("first")]
    audit_along(lambda: due.pop() if due else None)
    try:
        with pytest.raises(ZeroDivisionError), store._database.write():
            _ = 1 / 0
        assert store.accounts.audit_page(AuditSearch(), 5) == []
        store.settings.put("a", 1)
    finally:
        audit_along(None)
    store.settings.put("b", 1)
    assert [one.who for one in store.accounts.audit_page(AuditSearch(), 5)] == ["first"]


def test_the_address_of_who_is_forgotten_goes_from_it(store: Store) -> None:
    store.accounts.add_audit(_entry("bob@example.org"))
    store.accounts.add_audit(AuditEntry(10, "alice@example.org", "cli", "contacts erase", "address Bob@Example.org"))
    store.forgetting.forget("bob@example.org", 20)
    shown = str(list(store.accounts.every_audit(AuditSearch()))).lower()
    assert "bob@example.org" not in shown
    assert "forgotten-" in shown
