"""Links for a password by mail: for whom, how many, and what shows of it."""

import asyncio
import re
from email import message_from_bytes, policy

import pytest

from postlude.services.accounts.account_mail import AccountMail, PasswordResets, invitation_mail
from postlude.services.accounts.one_time_links import LinkPurpose, link_user
from postlude.services.accounts.sessions import disable_user
from postlude.store import Store, User
from support.hand_clock import HandClock

WEB = "https://postlude.example.org"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def users(store: Store) -> tuple[User, User]:
    owner = store.accounts.create_user("owner@example.org", "Owner", created_at=1)
    return owner, store.accounts.create_user("alice@example.org", "Alice", created_at=2)


@pytest.fixture
def sent() -> list[AccountMail]:
    return []


@pytest.fixture
def resets(store: Store, clock: HandClock, users: tuple[User, User], sent: list[AccountMail]) -> PasswordResets:
    del users

    async def send(mail: AccountMail) -> None:
        sent.append(mail)

    return PasswordResets(store, clock, WEB, send)


def _ask(resets: PasswordResets, *addresses: str, peer: str = "192.0.2.1") -> list[bool]:
    async def ask() -> list[bool]:
        answers = [resets.ask(address, peer) for address in addresses]
        await resets.settled()
        return answers

    return asyncio.run(ask())


def _token(mail: AccountMail) -> str:
    text = message_from_bytes(mail.raw, policy=policy.default).get_body().get_content()  # type: ignore[union-attr]
    found = re.search(rf"{WEB}/password/(\S+)", text)
    assert found
    return found[1]


def test_a_known_address_gets_a_link(
    store: Store, clock: HandClock, users: tuple[User, User], resets: PasswordResets, sent: list[AccountMail]
) -> None:
    assert _ask(resets, " Alice@example.org") == [True]
    assert link_user(store, clock, LinkPurpose.PASSWORD, _token(sent[0])) == users[1]


def test_it_belongs_to_who_gets_it(users: tuple[User, User], resets: PasswordResets, sent: list[AccountMail]) -> None:
    _ask(resets, "alice@example.org")
    assert sent[0].user == users[1].id
    assert sent[0].recipient == "alice@example.org"


def test_it_is_not_tracked(resets: PasswordResets, sent: list[AccountMail]) -> None:
    _ask(resets, "alice@example.org")
    head = message_from_bytes(sent[0].raw, policy=policy.default)
    assert {head[f"X-Postlude-{name}"] for name in ("Opens", "Clicks", "Text", "Unsubscribe", "View")} == {"off"}


def test_an_unknown_address_gets_the_same_answer_and_no_mail(resets: PasswordResets, sent: list[AccountMail]) -> None:
    assert _ask(resets, "nowhere@example.org") == [True]
    assert sent == []


def test_a_disabled_user_gets_none(
    store: Store, clock: HandClock, users: tuple[User, User], resets: PasswordResets, sent: list[AccountMail]
) -> None:
    disable_user(store, clock, users[1])
    _ask(resets, "alice@example.org")
    assert sent == []


def test_only_the_newest_link_works(
    store: Store, clock: HandClock, resets: PasswordResets, sent: list[AccountMail]
) -> None:
    _ask(resets, "alice@example.org")
    _ask(resets, "alice@example.org")
    works = [link_user(store, clock, LinkPurpose.PASSWORD, _token(mail)) is not None for mail in sent]
    assert works == [False, True]


def test_a_mailbox_is_not_flooded(resets: PasswordResets, sent: list[AccountMail]) -> None:
    for number in range(20):
        assert _ask(resets, "alice@example.org", peer=f"10.{number}.0.1") == [True]
    assert len(sent) == 3


def test_a_network_asks_thirty_times_an_hour(resets: PasswordResets) -> None:
    answers = _ask(resets, *(f"{number}@example.org" for number in range(40)))
    assert answers == [True] * 30 + [False] * 10


def test_an_invitation_names_who_invites(store: Store, clock: HandClock, users: tuple[User, User]) -> None:
    owner, alice = users
    mail = invitation_mail(store, clock, alice, owner, WEB)
    assert b"Owner (owner@example.org) invites you" in mail.raw
    clock.seconds += 6 * 86_400
    assert link_user(store, clock, LinkPurpose.PASSWORD, _token(mail)) == alice
