"""Who may log in at the relay, with the state there, away, silent or damaged."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from postlude.app.build.common import Parts, build_parts
from postlude.config import load
from postlude.model.errors import StorageError
from postlude.services.accounts.login_copy import BELIEVED_S, copy_of_logins, keep_login_copy
from postlude.services.accounts.logins import Logins
from postlude.services.accounts.users import add_user, new_app_password
from postlude.store import Store, open_store
from servers.waiting import wait_for
from support.present import present

ALICE = "alice@example.org"


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return build_parts(load({"POSTLUDE_DATA": str(tmp_path / "data")}))


@pytest.fixture
def password(parts: Parts) -> str:
    """Alice's; she is in the copy as well."""
    store = _opened(parts)
    user = add_user(store, parts.clock, ALICE, senders=["*@alice.example"])
    text = new_app_password(store, user, "client", parts.clock)
    store.accounts.set_limits(user.id, {"messages_per_hour": 3})
    keep_login_copy(store, parts.folder.logins)
    store.close()
    return text


def _logins(parts: Parts, patience_s: float = 5.0) -> Logins:
    state = partial(_opened, parts)
    return Logins(state, parts.folder.logins, parts.settings.gateway_user, parts.clock, patience_s=patience_s)


def _opened(parts: Parts) -> Store:
    return open_store(parts.settings.database, parts.folder.forgotten_key)


def _change(parts: Parts, change: Callable[[Store], None]) -> None:
    store = _opened(parts)
    change(store)
    keep_login_copy(store, parts.folder.logins)
    store.close()


def _damage(parts: Parts) -> None:
    (parts.folder.root / "state.sqlite").write_bytes(b"no database " * 1000)


async def test_the_copy_says_what_the_state_says(parts: Parts, password: str) -> None:
    with _logins(parts) as logins:
        asked = await logins.check(ALICE, password)
    _damage(parts)
    with _logins(parts) as logins:
        assert asked is not None
        assert await logins.check(ALICE.upper(), f" {password.upper()} ") == asked


@pytest.mark.parametrize("login", [ALICE, "bob@example.org"])
async def test_nobody_is_told_that_a_password_is_wrong_while_nobody_knows(
    parts: Parts, password: str, login: str
) -> None:
    _damage(parts)
    with _logins(parts) as logins, pytest.raises(StorageError):
        await logins.check(login, "wrong" if login == ALICE else password)


def _revoke(store: Store) -> None:
    user = present(store.accounts.user_by_address(ALICE))
    for one in store.accounts.list_app_passwords(user.id):
        store.accounts.delete_app_password(one.id)


def _disable(store: Store) -> None:
    store.accounts.set_disabled(present(store.accounts.user_by_address(ALICE)).id, 1)


@pytest.mark.usefixtures("password")
def test_a_revoked_password_is_not_in_the_copy(parts: Parts) -> None:
    _change(parts, _revoke)
    with closing(_opened(parts)) as store:
        assert [user.passwords for user in copy_of_logins(store).users] == [()]


@pytest.mark.usefixtures("password")
def test_who_is_disabled_is_not_in_the_copy(parts: Parts) -> None:
    _change(parts, _disable)
    with closing(_opened(parts)) as store:
        assert copy_of_logins(store).users == ()


@pytest.mark.parametrize("end", [_revoke, _disable])
async def test_who_may_no_longer_send_is_not_let_in_by_the_copy(
    parts: Parts, password: str, end: Callable[[Store], None]
) -> None:
    _change(parts, end)
    _damage(parts)
    with _logins(parts) as logins, pytest.raises(StorageError):
        await logins.check(ALICE, password)


@pytest.mark.parametrize("what", ["old", "damaged", "missing"])
async def test_a_copy_that_cannot_be_believed_lets_nobody_in(parts: Parts, password: str, what: str) -> None:
    path = parts.folder.logins
    if what == "old":
        then = time.time() - BELIEVED_S - 10
        os.utime(path, (then, then))
    elif what == "damaged":
        path.write_bytes(path.read_bytes()[:-5])
    else:
        path.unlink()
    _damage(parts)
    with _logins(parts) as logins, pytest.raises(StorageError):
        await logins.check(ALICE, password)


def test_the_copy_is_for_this_account_alone_and_holds_no_password(parts: Parts, password: str) -> None:
    path = parts.folder.logins
    assert path.stat().st_mode & 0o777 == 0o600
    assert password.replace("-", "").encode() not in path.read_bytes()


def test_a_copy_that_is_still_right_is_as_fresh_as_a_new_one(parts: Parts, password: str) -> None:
    del password
    path = parts.folder.logins
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    store = _opened(parts)
    keep_login_copy(store, path)
    store.close()
    assert path.stat().st_ino == inode
    assert path.stat().st_mtime > time.time() - 60


async def test_a_silent_state_costs_one_client_the_wait_and_one_thread(
    parts: Parts, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()
    hanging: list[str] = []

    def hang() -> Store:
        hanging.append(threading.current_thread().name)
        silent.wait(60)
        return opened()

    with _logins(parts, patience_s=0.2) as logins:
        before = await logins.check(ALICE, password)
        opened = logins._store
        monkeypatch.setattr(logins, "_store", hang)
        first = await logins.check(ALICE, password)
        others = await asyncio.gather(*(logins.check(ALICE, password) for _ in range(20)))
        assert all([before, first, *others])
        assert len(hanging) == 1  # the first one still waits; no other client does
        silent.set()
        with pytest.raises(StorageError):
            await logins.check(ALICE, "wrong")
        await asyncio.to_thread(wait_for, "the answer", lambda: not logins._hanging)
        assert await logins.check(ALICE, "wrong") is None


async def test_logins_wait_for_nobody_who_writes(parts: Parts, password: str) -> None:
    """The use of a password is noted, and to write the state may have to be waited for: by no login."""
    parts.folder.logins.unlink()  # the copy would answer in the end
    writer = sqlite3.connect(parts.folder.root / "state.sqlite", isolation_level=None, check_same_thread=False)
    with closing(writer), _logins(parts) as logins:
        writer.execute("BEGIN IMMEDIATE")
        found = await asyncio.gather(*(logins.check(ALICE, password) for _ in range(50)))
        assert all(found)
        assert await logins.check(ALICE, "wrong") is None
        assert _last_used(parts) is None
        writer.execute("ROLLBACK")
        await asyncio.to_thread(wait_for, "the use of the password", lambda: _last_used(parts) is not None)


def _last_used(parts: Parts) -> int | None:
    with closing(_opened(parts)) as store:
        user = present(store.accounts.user_by_address(ALICE))
        [one] = store.accounts.list_app_passwords(user.id)
        return one.last_used_at


async def test_logins_do_not_wait_for_other_threads_of_the_loop(parts: Parts, password: str) -> None:
    """Of which few are there, and mail that is written to a slow disk takes all of them."""
    slow = threading.Event()
    with _logins(parts) as logins:
        others = [asyncio.ensure_future(asyncio.to_thread(slow.wait, 60)) for _ in range(100)]
        try:
            assert await asyncio.wait_for(logins.check(ALICE, password), 30)
        finally:
            slow.set()
            await asyncio.gather(*others)


async def test_a_gateways_mail_finds_its_owner(parts: Parts, password: str) -> None:
    del password
    with _logins(parts) as logins:
        owner = await logins.owner_of(ALICE)
    _damage(parts)
    with _logins(parts) as logins:
        assert await logins.owner_of(ALICE) == owner
        assert await logins.owner_of("somebody@else.example") == owner


async def test_a_gateways_mail_belongs_to_its_sender_else_to_the_configured_user(parts: Parts, password: str) -> None:
    del password
    _change(parts, lambda store: (add_user(store, parts.clock, "bob@example.org"), None)[1])
    with Logins(partial(_opened, parts), parts.folder.logins, "bob@example.org", parts.clock) as logins:
        alice, bob = await logins.owner_of(ALICE), await logins.owner_of("bob@example.org")
        assert alice != bob
        assert await logins.owner_of("unknown@else.example") == bob
