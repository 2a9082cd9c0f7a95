"""`postlude user`: how users sign in to the web app."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from postlude.model.role import Role
from postlude.services.accounts.one_time_links import LinkPurpose, link_user
from postlude.services.accounts.second_step import offer_second_step
from postlude.services.accounts.sessions import SessionUse, list_sessions, see_session
from postlude.store import Store, User, open_store
from servers.commands import Done, run
from support.web_world import CLOCK

Command = Callable[..., Done]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    (tmp_path / "data").mkdir(mode=0o700)

    def call(*arguments: str) -> Done:
        return run("user", *arguments, settings={"data": tmp_path / "data"})

    return call


@pytest.fixture
def store(command: Command, tmp_path: Path) -> Iterator[Store]:
    assert command("add", "alice@example.org").code == 0
    with closing(open_store(f"sqlite:///{tmp_path}/data/state.sqlite")) as opened:
        yield opened


@pytest.fixture
def alice(store: Store) -> User:
    found = store.accounts.user_by_address("alice@example.org")
    assert found
    see_session(store, CLOCK, found, "one", CLOCK.now(), SessionUse("192.0.2.1", "Firefox", "link"))
    see_session(store, CLOCK, found, "two", CLOCK.now(), SessionUse("192.0.2.2", "Chrome", "password"))
    return found


def test_it_changes_a_role(command: Command, store: Store, alice: User) -> None:
    assert command("role", alice.address, "owner").code == 0
    assert store.accounts.user(alice.id).role is Role.OWNER
    assert command("role", alice.address, "viewer").code == 2  # the last owner


def test_it_invites(command: Command, store: Store, alice: User) -> None:
    link = json.loads(command("invite", alice.address, "--json").out)["link"]
    token = link.partition("/password/")[2]
    assert link_user(store, CLOCK, LinkPurpose.PASSWORD, token) == alice


def test_it_invites_by_mail(command: Command, alice: User, tmp_path: Path) -> None:
    assert "/password/" not in command("invite", alice.address, "--mail").out
    spooled = [path.read_bytes() for path in (tmp_path / "data" / "spool").rglob("*") if path.is_file()]
    assert sum(b"/password/" in raw and b"To: alice@example.org" in raw for raw in spooled) == 1


def test_it_lists_sessions(command: Command, alice: User) -> None:
    found = json.loads(command("sessions", alice.address, "--json").out)
    assert {one["address"] for one in found} == {"192.0.2.1", "192.0.2.2"}
    shown = command("sessions", alice.address).out
    assert all(one["id"] in shown for one in found)
    assert "password" in shown


def test_it_ends_one_session(command: Command, store: Store, alice: User) -> None:
    first = json.loads(command("sessions", alice.address, "--json").out)[0]
    assert command("end-session", alice.address, first["id"]).code == 0
    assert [one.address for one in list_sessions(store, CLOCK, alice)] != [first["address"]]
    assert len(list_sessions(store, CLOCK, alice)) == 1


def test_a_session_that_is_not_there_is_not_found(command: Command, alice: User) -> None:
    assert command("end-session", alice.address, "0" * 10).code == 6


def test_it_ends_all(command: Command, store: Store, alice: User) -> None:
    assert command("sign-out", alice.address).code == 0
    assert list_sessions(store, CLOCK, alice) == []


def test_it_ends_a_second_step(command: Command, store: Store, alice: User) -> None:
    store.accounts.put_password(alice.id, "a hash", 1)
    offer_second_step(store, alice)
    secret = store.accounts.credentials(alice.id).totp_offered
    assert secret
    store.accounts.confirm_totp(alice.id, secret, 1, ())
    assert command("end-second-step", alice.address).code == 0
    assert store.accounts.credentials(alice.id).totp is None
