from email import message_from_bytes, policy

import pytest

from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Consent, MemberStatus
from postlude.services.contacts.lists import add_list
from postlude.services.contacts.subscriptions import Asked, subscribe, subscribe_agreed
from postlude.store import Store
from postlude.store.contacts.rows import MailingList
from support.present import present

from .conftest import CLOCK

DAY = 86_400_000_000


def url(list_id: int, contact: int) -> str:
    return f"https://t.example/c/{list_id:x}-{contact:x}"


@pytest.fixture
def news(store: Store) -> MailingList:
    return store.lists.add("Näws", DAY, consent_text="Monthly <news> of Example Ltd", sender="news@example.org")


@pytest.fixture
def asked(store: Store, news: MailingList) -> Asked:
    """Anna is asked to confirm."""
    store.accounts.create_user("owner@example.org", "Olga")
    return subscribe(store, CLOCK, "Anna <anna@example.net>", news, url)


def test_who_subscribes_is_asked_first(store: Store, asked: Asked) -> None:
    assert asked.status == MemberStatus.PENDING
    assert asked.contact.name == "Anna"
    assert store.contacts.get(asked.contact.id).mail_consent is Consent.UNKNOWN


def test_a_confirmation_mail_goes_to_the_address(asked: Asked) -> None:
    sent = asked.confirmation
    assert sent is not None
    assert sent.mail_from == "news@example.org"
    assert sent.recipient == "anna@example.net"
    mail = message_from_bytes(sent.raw, policy=policy.default)
    assert mail["Subject"] == "Please confirm: Näws"
    assert mail["To"] == "anna@example.net"
    assert mail["From"] == "news@example.org"
    assert mail["X-Postlude-Opens"] == "off"
    assert mail["X-Postlude-Clicks"] == "off"


def test_a_confirmation_mail_says_what_for(news: MailingList, asked: Asked) -> None:
    assert asked.confirmation is not None
    mail = message_from_bytes(asked.confirmation.raw, policy=policy.default)
    text, html = (present(mail.get_body((kind,))).get_content() for kind in ("plain", "html"))
    link = url(news.id, asked.contact.id)
    assert link in text
    assert f'href="{link}"' in html
    assert "Monthly &lt;news&gt;" in html


def test_without_a_user_there_is_nobody_to_ask(store: Store, news: MailingList) -> None:
    with pytest.raises(NotFoundError, match="no user yet"):
        subscribe(store, CLOCK, "Anna <anna@example.net>", news, url)


def test_who_is_subscribed_is_not_asked_again(store: Store, news: MailingList, asked: Asked) -> None:
    store.lists.put_member(news.id, asked.contact.id, MemberStatus.SUBSCRIBED, DAY)
    again = subscribe(store, CLOCK, "anna@example.net", news, url)
    assert again.status == MemberStatus.SUBSCRIBED
    assert again.confirmation is None


@pytest.mark.parametrize(
    ("typed", "name", "address"),
    [
        ("Shop <shop@sender.example>", "Shop", "shop@sender.example"),
        ("A@B Shop <shop@sender.example>", "A@B Shop", "shop@sender.example"),
        ("Müller: Shop <shop@münchen.example>", "Müller: Shop", "shop@xn--mnchen-3ya.example"),
    ],
)
def test_the_envelope_of_a_confirmation_mail_is_the_bare_address(
    store: Store, typed: str, name: str, address: str
) -> None:
    store.accounts.create_user("owner@example.org", "Olga")
    news = add_list(store, CLOCK, "News", {"sender": typed})
    raw_mail = subscribe(store, CLOCK, "anna@example.net", news, url).confirmation
    assert raw_mail is not None
    (sender,) = message_from_bytes(raw_mail.raw, policy=policy.default)["From"].addresses
    assert raw_mail.mail_from == address
    assert sender.display_name == name
    assert sender.addr_spec == address


def test_a_lists_sender_that_is_not_a_mailbox_is_refused_when_it_is_typed(store: Store) -> None:
    with pytest.raises(InputError, match="is not an address"):
        add_list(store, CLOCK, "News", {"sender": "Shop"})


def test_without_double_optin_and_with_proof_nothing_is_sent(store: Store) -> None:
    plain, news = store.lists.add("Plain", DAY, double_optin=False), store.lists.add("News", DAY)
    asked = subscribe(store, CLOCK, "bob@example.net", plain, url)
    assert asked.status == MemberStatus.SUBSCRIBED
    assert asked.confirmation is None
    with pytest.raises(InputError, match="consent needs a proof"):
        subscribe_agreed(store, CLOCK, "bob@example.net", news, " ", "carol")
    contact = subscribe_agreed(store, CLOCK, "bob@example.net", news, "paper form of 3 May", "carol")
    assert {one.status for one in store.lists.memberships(contact.id)} == {MemberStatus.SUBSCRIBED}
    [entry] = store.contacts.consent_log(contact.id)
    assert entry.proof.source == "paper form of 3 May"
    assert entry.proof.by == "carol"


def test_a_suppressed_address_is_not_asked(store: Store) -> None:
    store.accounts.create_user("owner@example.org")
    news = store.lists.add("News", DAY)
    store.suppressions.add("bob@example.net", "complained")
    with pytest.raises(InputError, match=r"suppressions remove bob@example\.net"):
        subscribe(store, CLOCK, "bob@example.net", news, url)
