"""Acts and their entries, without web app or command line."""

from postlude.kit.clock import SystemClock
from postlude.services.accounts.audit import (
    REFUSED,
    AuditedAct,
    acted_by,
    acted_on,
    audit_rows,
    begin_act,
    end_act,
)
from postlude.store import Store
from postlude.store.accounts.audit_log import AuditSearch

EVERY = AuditSearch()


def _act(act: str = "user role") -> AuditedAct:
    return AuditedAct(SystemClock(), act, "web", "192.0.2.7")


def test_an_act_is_written_once_however_much_it_writes(store: Store) -> None:
    act = _act()
    act.by("alice@example.org")
    begin_act(act)
    store.settings.put("a", 1)
    store.settings.put("b", 1)
    end_act()
    act.finish(store)
    assert [one.who for one in store.accounts.every_audit(EVERY)] == ["alice@example.org"]


def test_nothing_is_written_along_before_it_is_known_who_it_is(store: Store) -> None:
    begin_act(_act())
    store.settings.put("a", 1)
    assert list(store.accounts.every_audit(EVERY)) == []
    acted_on("b")
    acted_by("alice@example.org")
    store.settings.put("b", 1)
    end_act()
    assert [one.what for one in store.accounts.every_audit(EVERY)] == ["b"]


def test_what_ended_is_not_written_to_the_next(store: Store) -> None:
    act = _act()
    act.by("alice@example.org")
    begin_act(act)
    end_act()
    acted_by("mallory@example.org")
    store.settings.put("a", 1)
    assert list(store.accounts.every_audit(EVERY)) == []


def test_a_refusal_is_written_alone(store: Store) -> None:
    act = _act("sign-in")
    act.about("x" * 10_000)
    act.finish(store, REFUSED)
    [_, row] = audit_rows(store, EVERY)
    assert row[1:5] == ["", "web", "192.0.2.7", "sign-in"]
    assert row[6] == "refused"
    assert len(row[5]) <= 500
