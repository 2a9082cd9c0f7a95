"""Claims to answers with a real store, journal, spool and SMTP server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dkim
import pytest

from postlude.adapters.dkim_keys import DkimKeys
from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.instrument import Policy
from postlude.mail.header_block import HeaderBlock
from postlude.model.errors import StorageError
from postlude.model.observation import Attempt, Submitted
from postlude.model.words import Consent, Purpose, SendOutcome, Tracked, Via
from postlude.services.messages.accept import NewMessage, accept
from postlude.services.messages.sender import SenderDeps
from postlude.services.messages.submission import read_submission
from postlude.services.messages.tracker import Tracker
from postlude.services.messages.view_page import ViewPages
from postlude.store import Batch, Copy, Store, open_store
from postlude.tokens import Kind, TagPurpose, Urls
from postlude.worker import Worker
from servers.difficult import DROP, Difficult
from servers.smtp_process import Folder
from support.state_template import sqlite_state

RAW_MAIL = (
    b"From: Alice <alice@example.org>\r\nTo: bob@example.com, carol@example.com\r\nBcc: hidden@example.com\r\n"
    b"X-Postlude-Text: off\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/html\r\n\r\n"
    b'<html><body><a href="https://shop.example.com/a?b=1">buy</a></body></html>\r\n'
)
TO = ("bob@example.com", "carol@example.com", "hidden@example.com")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_state(tmp_path))
    opened.accounts.create_user("alice@example.org")
    yield opened
    opened.close()


async def submit(
    folder: Folder, store: Store, raw_mail: bytes = RAW_MAIL, mail_from: str = "alice@example.org"
) -> list[Copy]:
    """Accept, then what the digest does with it."""
    tracker = Tracker(folder.codec, "https://t.example.org")
    owner = store.accounts.first_user()
    assert owner is not None
    user = owner.id
    message = await accept(
        folder.journal.append,
        folder.spool,
        folder.clock,
        NewMessage(user=user, via=Via.RELAY, mail_from=mail_from, recipients=TO, raw=raw_mail),
    )
    seen = next(one for one in folder.observations() if isinstance(one, Submitted) and one.message == message)
    taken = read_submission(seen, folder.spool.get(message), Policy(), tracker)
    store.digest.apply(Batch(submissions=(taken.submission,)))
    return list(taken.submission.copies)


def visible(data: bytes) -> tuple[str, ...]:
    """The headers a recipient sees."""
    head = HeaderBlock(data)
    return tuple(head.first(name) for name in ("from", "to", "cc", "subject", "message-id", "date"))


def sender_deps(folder: Folder, store: Store, server: Difficult, **more: Any) -> SenderDeps:
    """What a worker of single mails to `server` is handed."""
    transport = SmtpTransport(
        SmtpConfig(host="127.0.0.1", port=server.port, tls=TlsPolicy.NONE, timeout_s=5, end_timeout_s=5, connections=2)
    )
    usual: dict[str, Any] = {
        "store": store,
        "spool": folder.spool,
        "append": folder.journal.append,
        "clock": folder.clock,
        "transport": transport,
        "tracker": Tracker(folder.codec, "https://t.example.org"),
        "codec": folder.codec,
        "policy_of": lambda _: Policy(),
        "return_domain": "b.example.org",
    }
    return SenderDeps(**usual | more)


@asynccontextmanager
async def working(folder: Folder, store: Store, server: Difficult, **more: Any) -> AsyncIterator[asyncio.Event]:
    deps = sender_deps(folder, store, server, **more)
    stop, wake = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(Worker(deps).run(stop, wake))
    yield wake
    stop.set()
    async with asyncio.timeout(10):
        await task
    await deps.transport.close()


async def attempts(folder: Folder, count: int) -> list[Attempt]:
    for _ in range(200):
        found = [one for one in folder.observations() if isinstance(one, Attempt)]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_one_copy_a_recipient_with_its_own_token_and_the_same_headers(folder: Folder, store: Store) -> None:
    copies = await submit(folder, store)
    async with Difficult().running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {one.outcome for one in found} == {SendOutcome.ACCEPTED}
    assert len(server.accepted) == len(set(server.accepted)) == 3
    for data in server.accepted:
        assert b"hidden@example.com" not in data
        assert b"X-Postlude" not in data
        assert b"To: bob@example.com, carol@example.com\r\n" in data
        assert b'href="https://shop' not in data
        assert b"List-Unsubscribe" not in data
    assert len({visible(data) for data in server.accepted}) == 1
    senders = {line.split("<")[1].split(">")[0] for line in server.commands if line.startswith("MAIL")}
    assert senders == {f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, copy.id)}@b.example.org" for copy in copies}


async def test_where_consent_comes_first_only_who_agreed_is_tracked(folder: Folder, store: Store) -> None:
    contact = store.contacts.add(TO[0], 1)
    given = {Purpose.OPENS: Consent.GIVEN, Purpose.CLICKS: Consent.GIVEN}
    store.contacts.record_consent(contact.id, given, 2, how="by hand", source="letter")
    await submit(folder, store)
    async with Difficult().running() as server, working(folder, store, server, track_unknown=False):
        found = await attempts(folder, 3)
    tracked = [b"https://t.example.org/" in data for data in server.accepted]
    assert sorted(tracked) == [False, False, True]
    both = Tracked.OPENS | Tracked.CLICKS
    assert sorted(one.tracked for one in found) == [Tracked.NOTHING, Tracked.NOTHING, both]


async def test_answers_name_their_copy_and_nothing_shows(folder: Folder, store: Store) -> None:
    thread = b"In-Reply-To: <two@x>\r\nReferences: <one@x>\r\n <two@x>\r\n" + RAW_MAIL
    copies = await submit(folder, store, thread)
    async with Difficult().running() as server, working(folder, store, server):
        await attempts(folder, 3)
    references = {HeaderBlock(data).first("references") for data in server.accepted}
    tags = [folder.codec.mint_tag(TagPurpose.MESSAGE_ID, copy.id) for copy in copies]
    assert references == {f"<one@x> <{tag}@b.example.org> <two@x>" for tag in tags}
    for data in server.accepted:
        assert not [name for name in ("reply-to", "list-unsubscribe", "feedback-id") if HeaderBlock(data).first(name)]


async def test_who_wants_it_offers_to_unsubscribe(folder: Folder, store: Store) -> None:
    await submit(folder, store, b"X-Postlude-Unsubscribe: on\r\n" + RAW_MAIL)
    async with Difficult().running() as server, working(folder, store, server):
        await attempts(folder, 3)
    for data in server.accepted:
        assert HeaderBlock(data).first("list-unsubscribe").startswith("<https://t.example.org/u/")
        assert HeaderBlock(data).first("list-unsubscribe-post") == "List-Unsubscribe=One-Click"
        assert b"X-Postlude" not in data


async def test_a_view_in_browser_is_made_for_who_asks_and_named_with_the_token_that_acts(
    folder: Folder, store: Store, tmp_path: Path
) -> None:
    copies = await submit(folder, store, b"X-Postlude-View: on\r\n" + RAW_MAIL)
    more = {"make_view": ViewPages(tmp_path / "views").make}
    async with Difficult().running() as server, working(folder, store, server, **more):
        await attempts(folder, 3)
    urls = Urls(folder.codec, "https://t.example.org", Kind.MESSAGE, copies[0].message)
    named = {HeaderBlock(data).first("archived-at") for data in server.accepted}
    assert named == {f"<{urls.act_token(copy.id).join(urls.view())}>" for copy in copies}
    [page] = (tmp_path / "views").iterdir()
    assert b"https://shop.example.com/a?b=1" in page.read_bytes()  # direct, with nobody's token


async def test_nobody_gets_a_view_in_browser_unasked(folder: Folder, store: Store, tmp_path: Path) -> None:
    await submit(folder, store)
    more = {"make_view": ViewPages(tmp_path / "views").make}
    async with Difficult().running() as server, working(folder, store, server, **more):
        await attempts(folder, 3)
    assert not any(HeaderBlock(data).first("archived-at") for data in server.accepted)
    assert not (tmp_path / "views").exists()


async def test_a_domain_with_keys_signs_what_leaves_and_what_comes_signed(
    folder: Folder, store: Store, tmp_path: Path
) -> None:
    keys = DkimKeys(tmp_path / "dkim")
    made = [keys.add("example.org", "rsa", "r1"), keys.add("example.org", "ed25519", "e1")]
    records = {f"{key.selector}._domainkey.example.org.".encode(): key.record().encode() for key in made}
    policy = Policy(signing_domains=keys.domains())
    raw_mail = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=old; h=from; bh=x; b=y\r\n" + RAW_MAIL
    await submit(folder, store, raw_mail)
    more = {"signer_of": keys.signer, "policy_of": lambda _: policy, "return_domain": "back.example.org"}
    async with Difficult().running() as server, working(folder, store, server, **more):
        await attempts(folder, 3)
    for data in server.accepted:
        mail = dkim.DKIM(data)
        assert [mail.verify(idx=index, dnsfunc=lambda name, timeout=5: records.get(name)) for index in (0, 1)] == [  # noqa: ARG005 - dkimpy's call
            True,
            True,
        ]
        assert data.count(b"DKIM-Signature:") == 2
        assert b"https://t.example.org/l/" in data
        assert HeaderBlock(data).first("cfbl-address").endswith("@back.example.org; report=arf")


async def test_outcomes_are_journaled_as_they_are(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    async with Difficult(rcpt="450 4.2.0 greylisted").running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {(one.outcome, one.code, one.enhanced, one.phase) for one in found} == {("deferred", 450, "4.2.0", "rcpt")}
    assert all(50_000_000 < one.retry_at - one.at < 70_000_000 for one in found)


async def test_a_lost_answer_is_indeterminate_and_never_sent_again(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    async with Difficult(end=DROP).running() as server, working(folder, store, server) as wake:
        await attempts(folder, 3)
        await submit(folder, store)  # which leaves behind whatever is sent again
        wake.set()
        found = await attempts(folder, 6)
    assert {one.outcome for one in found} == {SendOutcome.INDETERMINATE}
    assert len({one.copy for one in found}) == len(server.accepted) == 6


async def test_what_a_crash_left_begun_becomes_indeterminate_and_the_rest_leaves(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    worker = store.sending.begin_worker("app", 0)
    left = store.sending.claim(2, folder.clock.now(), worker)
    store.digest.apply(Batch(workers=[worker], started=[left[0].copy]))
    async with Difficult().running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    indeterminate = {one.copy for one in found if one.outcome is SendOutcome.INDETERMINATE}
    assert indeterminate == {left[0].copy}
    assert len(server.accepted) == 2


async def test_suppressed_addresses_are_not_mailed(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    store.suppressions.add(TO[0], "manual")
    async with Difficult().running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert sorted(one.outcome for one in found) == ["accepted", "accepted", "suppressed"]
    assert len(server.accepted) == 2


async def test_a_null_sender_stays_null(folder: Folder, store: Store) -> None:
    await submit(folder, store, mail_from="")
    async with Difficult().running() as server, working(folder, store, server):
        await attempts(folder, 3)
    assert all(line.startswith("MAIL FROM:<>") for line in server.commands if line.startswith("MAIL"))


async def test_untracked_rather_than_unsent(folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("postlude.services.messages.tracker.compile_beside", broken)
    await submit(folder, store)
    async with Difficult().running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {(one.outcome, one.untracked) for one in found} == {("accepted", "RecursionError: too deep")}
    assert all(b'href="https://shop.example.com/a?b=1"' in data for data in server.accepted)
    assert not any(b"hidden@" in data or b"X-Postlude" in data for data in server.accepted)


async def test_bytes_that_are_gone_are_said_to_be_gone(folder: Folder, store: Store) -> None:
    (first, *_) = await submit(folder, store)
    folder.spool.delete(first.message)
    async with Difficult().running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {(one.outcome, one.phase) for one in found} == {("rejected", "spool")}


async def test_a_store_that_refuses_at_the_start_is_asked_again(
    folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(folder, store)
    monkeypatch.setattr("postlude.kit.loop.Pauses.next", lambda _pauses: 0.0)
    monkeypatch.setattr(store.sending, "begin_worker", refusing_once(store.sending.begin_worker))
    async with Difficult().running() as server, working(folder, store, server):
        await attempts(folder, 3)
    assert len(server.accepted) == 3


async def test_a_store_that_refuses_while_copies_are_composed_is_asked_again(
    folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(folder, store)
    monkeypatch.setattr("postlude.kit.loop.Pauses.next", lambda _pauses: 0.0)
    monkeypatch.setattr(store.contacts, "why_not", refusing_once(store.contacts.why_not))
    async with Difficult().running() as server, working(folder, store, server):
        await attempts(folder, 3)
    assert len(server.accepted) == 3


async def test_a_stop_does_not_wait_for_a_digest_that_stands_still(folder: Folder, store: Store) -> None:
    async with (
        Difficult().running() as server,
        working(folder, store, server, digested=lambda _journal: asyncio.Event().wait()),
    ):
        await asyncio.sleep(0)
    assert not server.accepted


def refusing_once(real: Callable[..., Any]) -> Callable[..., Any]:
    calls = []

    def refusing(*arguments: object) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise StorageError("the disk is full")
        return real(*arguments)

    return refusing


@pytest.mark.parametrize("harm", ["overwritten", "half", "empty", "missing"])
async def test_a_message_that_was_damaged_in_the_spool_is_refused_and_never_sent(
    folder: Folder, store: Store, harm: str
) -> None:
    copies = await submit(folder, store)
    path = folder.spool.path(copies[0].message)
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        damaged = {"overwritten": content[:50] + b"X" * 40 + content[90:], "half": content[:80], "empty": b""}[harm]
        path.chmod(0o600)
        path.write_bytes(damaged)
    async with Difficult().running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {(one.outcome, one.phase) for one in found} == {(SendOutcome.REJECTED, "spool")}
    assert all("spool" in one.text for one in found)
    assert not server.accepted


async def test_due_mail_is_looked_at_once_a_second_while_sending_is_paused(
    folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await submit(folder, store)
    store.integrity.pause_sending("restored", folder.clock.now())
    pauses: list[float] = []

    async def pause(seconds: float, _events: object) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr("postlude.worker.single_mails.wait_for_any", pause)
    async with Difficult().running() as server, working(folder, store, server):
        while len(pauses) < 3:  # noqa: ASYNC110 - the worker sets no event for it
            await asyncio.sleep(0.01)
    assert set(pauses) == {1.0}
