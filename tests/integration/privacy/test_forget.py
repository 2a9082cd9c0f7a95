"""`postlude privacy forget`: afterwards no byte of the data folder names who was forgotten."""

import asyncio
import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from postlude.app.build.common import build_parts
from postlude.app.commands.doctor import examine_folder
from postlude.app.commands.stores import accept_message, append_observation, offline_stores
from postlude.cli.main import cli
from postlude.config import Settings
from postlude.kit.ids import id_text
from postlude.model.errors import StorageError
from postlude.model.event import Event
from postlude.model.observation import Attempt, Hit, Observation, Returned
from postlude.model.words import Consent, EventKind, HitEndpoint, Purpose, SendOutcome, Via
from postlude.services.messages.accept import NewMessage
from postlude.services.messages.view_page import ViewPages
from postlude.services.privacy.forgetting import WAITING, leaves_remains
from postlude.store import Copy, PreferenceChoice, Store, open_store
from postlude.store.contacts.bulk_import import ImportRow, Intake
from postlude.store.jobs.rows import Beat
from postlude.store.privacy.forgotten import ForgetQueries
from postlude.tokens import Kind, TagPurpose
from support.present import present
from support.state_template import sqlite_state

ALICE, BOB, CAROL = "alice@sender.test", "robert.quill@customer.test", "carol@customer.test"
NAME, SECRET, ADDRESS = "Quillfeather", "broken-leg-4711", "203.0.113.77"
RAW_MAIL = (
    f"From: {ALICE}\r\nTo: {NAME} <{BOB}>\r\nSubject: For {NAME}\r\n"
    "Content-Type: text/html\r\n\r\n<p>Dear {name}, <a href='https://shop.example/a'>look</a>\r\n"
)
NOW = 1_790_000_000_000_000
LATER = 1_900_000_000_000_000


class World:
    """A data folder that no process has open."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data=folder)
        self.parts = build_parts(self.settings)
        sqlite_state(self.parts.folder.root)
        with self.store() as store:
            self.user = store.accounts.create_user(ALICE).id

    @contextmanager
    def store(self) -> Iterator[Store]:
        with closing(open_store(self.settings.database, self.parts.folder.forgotten_key)) as store:
            yield store

    def send(self, *recipients: str, outcome: SendOutcome | None = SendOutcome.ACCEPTED) -> list[Copy]:
        raw = RAW_MAIL.replace("{name}", NAME).encode()
        message = accept_message(
            self.settings,
            NewMessage(user=self.user, via=Via.CLI, mail_from=ALICE, recipients=recipients, raw=raw),
        )
        self.digest()
        with self.store() as store:
            copies = store.messages.copies(message)
        if outcome is not None:
            for copy in copies:
                text = f"accepted for <{copy.recipient}>"
                self.say(Attempt(NOW, message, copy.id, outcome, 250, "", text, "mx.test", "end-of-data", 1))
        return copies

    def say(self, *observations: Observation) -> None:
        for one in observations:
            append_observation(self.settings, one)

    def digest(self) -> None:
        with offline_stores(self.settings):
            pass

    def events(self, copy: int) -> list[Event]:
        with offline_stores(self.settings) as (_, history):
            return history.of_copies([copy])

    def hit(self, copy: Copy, endpoint: HitEndpoint, at: int = NOW + 5, **facts: str) -> Hit:
        method = "POST" if facts else "GET"
        position = 0 if endpoint is HitEndpoint.LINK else -1
        return Hit(at, endpoint, 1, copy.message, copy.id, position, method, "Agent-of-Robert", ADDRESS, {}, facts)

    def forget(self, address: str = BOB) -> Result:
        env = {"POSTLUDE_DATA": str(self.settings.data)}
        return CliRunner().invoke(cli, ["privacy", "forget", address, "--yes"], env=env)

    def naming(self, *needles: str) -> dict[str, list[str]]:
        """Files of the data folder in which a needle stands, in any case of letters."""
        found: dict[str, list[str]] = {}
        for path in (path for path in self.settings.data.rglob("*") if path.is_file()):
            data = path.read_bytes().lower()
            if there := [needle for needle in needles if needle.lower().encode() in data]:
                found[str(path.relative_to(self.settings.data))] = there
        return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "data")


def test_no_byte_names_who_was_forgotten(world: World) -> None:
    [copy] = world.send(BOB)
    shared = next(one for one in world.send(BOB, CAROL) if one.recipient == BOB)
    codec, folder = world.parts.codec, world.parts.folder
    tags = [codec.mint_tag(purpose, copy.id) for purpose in TagPurpose]
    reply = f"From: {NAME} <{BOB}>\r\nTo: r+{tags[1]}@back.test\r\nSubject: Re: For {NAME}\r\n\r\nYes, {NAME}\r\n"
    folder.returned_mail().put(77, reply.encode())
    stranger = f"From: <{BOB}>\r\nTo: x@back.test\r\nSubject: hello\r\n\r\nI am {NAME}\r\n"
    folder.returned_mail().put(78, stranger.encode())
    ViewPages(folder.views).make(copy.message, RAW_MAIL.encode())
    (folder.mailbox / f"{'0' * 32}.mail").write_text(f'{{"rcpt_to": "{BOB}"}}\n{RAW_MAIL}')
    (folder.uploads / "people.csv").write_text(f"email,name\n{BOB},{NAME}\n")
    world.say(
        world.hit(copy, HitEndpoint.PIXEL),
        world.hit(copy, HitEndpoint.LINK),
        world.hit(shared, HitEndpoint.UNSUBSCRIBE, how="page"),
        Returned(NOW + 6, 77, "smtp", BOB, f"r+{tags[1]}@back.test"),
        Returned(NOW + 7, 78, "smtp", BOB, "x@back.test"),
    )
    world.digest()
    with world.store() as store:
        contact = store.contacts.add(BOB, NOW, name=NAME, fields={"note": SECRET})
        reported = {Purpose.OPENS: Consent.GIVEN, Purpose.MAIL: Consent.GIVEN}
        store.contacts.record_consent(contact.id, reported, NOW, how="by hand", source=f"letter of {NAME}")
    tokens = [token for one in (copy, shared) for token in codec.mint_copy(Kind.MESSAGE, one.message, one.id)]
    needles = (BOB, NAME, SECRET, ADDRESS, "Agent-of-Robert", *tokens, *tags)
    assert world.naming(BOB, NAME, SECRET)  # it was there
    result = world.forget()
    assert result.exit_code == 0, result.output
    assert world.naming(*needles) == {}


@pytest.mark.parametrize("other", ["mrobert.quill@customer.test", "x.robert.quill@customer.test"])
def test_who_has_a_longer_address_is_not_forgotten_with_it(world: World, other: str) -> None:
    stranger = f"From: <{other}>\r\nTo: x@back.test\r\nSubject: hello\r\n\r\nplease answer {other}\r\n"
    world.parts.folder.returned_mail().put(78, stranger.encode())
    (world.parts.folder.uploads / "people.csv").write_text(f"email\n{other}\n")
    world.say(Returned(NOW + 7, 78, "smtp", other, "x@back.test"))
    world.send(BOB)
    before = world.naming(other)
    assert world.forget().exit_code == 0
    with world.store() as store:
        [question] = store.feedback.list_unmatched()
    assert question.facts["sender"] == other
    assert {name for name in before if "journal" not in name} <= set(world.naming(other))


def test_files_that_name_it_in_other_bytes_go_as_well(world: World) -> None:
    uploads, mailbox = world.parts.folder.uploads, world.parts.folder.mailbox
    with xlsxwriter.Workbook(str(uploads / "people.xlsx")) as book:
        book.add_worksheet().write_row(0, 0, ["email", BOB])
    (uploads / "wide.csv").write_bytes(f"email\r\n{BOB}\r\n".encode("utf-16"))
    (uploads / "other.csv").write_text(f"email\n{CAROL}\n")
    encoded = base64.encodebytes(f"I am {BOB} and my leg is broken\n".encode()).decode()
    (mailbox / f"{'1' * 32}.mail").write_text(f'{{"rcpt_to": "x@y.test"}}\nSubject: x\n\n{encoded}')
    folder = world.parts.folder
    folder.returned_mail().put(79, f"Subject: hello\r\n\r\n{encoded}".encode())
    world.say(Returned(NOW + 7, 79, "smtp", "eve@x.test", "x@back.test"))
    world.digest()
    assert world.forget().exit_code == 0
    assert [path.name for path in uploads.iterdir()] == ["other.csv"]
    assert list(mailbox.iterdir()) == []
    assert list(folder.spool_in.rglob("*.eml")) == []


def test_an_address_is_forgotten_in_either_spelling_of_its_domain(world: World) -> None:
    written = "bob@m\u00fcnchen.example"
    stranger = f"From: <{written}>\r\nTo: x@back.test\r\nSubject: hello\r\n\r\nI am {SECRET} {written}\r\n"
    world.parts.folder.returned_mail().put(78, stranger.encode())
    world.say(Returned(NOW + 7, 78, "smtp", written, "x@back.test"))
    world.digest()
    assert world.naming(SECRET)
    assert world.forget("bob@xn--mnchen-3ya.example").exit_code == 0
    assert world.naming(SECRET, written, "bob@xn--mnchen-3ya.example") == {}


def test_damaged_files_that_name_it_are_told(world: World) -> None:
    world.send(BOB)
    kept = world.settings.data / "state.sqlite.damaged-20261201T000000"
    kept.write_bytes(f"page {BOB} page".encode())
    (world.settings.data / "keys.json.damaged-20261201T000000").write_bytes(CAROL.encode())
    told = world.forget().output
    assert f"{kept} is a damaged file that still names the address" in told
    assert "keys.json" not in told


def test_that_it_was_sent_and_what_came_of_it_stays_of_a_pseudonym(world: World) -> None:
    [copy] = world.send(BOB)
    world.say(world.hit(copy, HitEndpoint.LINK))
    world.forget()
    with world.store() as store:
        kept = store.messages.copy(copy.id)
    assert kept.recipient.endswith("@forgotten.invalid")
    kinds = {event.kind for event in world.events(copy.id)}
    assert kinds == {EventKind.QUEUED, EventKind.SENT, EventKind.CLICKED}
    assert [(event.facts, event.address) for event in world.events(copy.id)] == [({}, "")] * 3


def test_nothing_more_is_recorded_of_mail_that_was_sent_before(world: World) -> None:
    [copy] = world.send(BOB)
    world.forget()
    world.say(world.hit(copy, HitEndpoint.PIXEL, LATER), world.hit(copy, HitEndpoint.VIEW, LATER))
    assert {event.kind for event in world.events(copy.id)} == {EventKind.QUEUED, EventKind.SENT}
    with world.store() as store:
        assert list(store.privacy.revocations().opens) == [copy.id]


def test_mail_that_has_not_left_is_not_sent(world: World) -> None:
    [copy] = world.send(BOB, outcome=None)
    world.forget()
    with world.store() as store:
        assert store.messages.copy(copy.id).status == "suppressed"
        assert store.sending.claim(10, NOW * 2, 1) == []


def test_contents_stay_while_they_are_on_their_way_to_others(world: World) -> None:
    copies = world.send(BOB, CAROL, outcome=None)
    world.forget()
    spool = world.parts.folder.outgoing_mail()
    assert spool.get(copies[0].message)
    with world.store() as store:
        assert store.settings.get(WAITING) == [id_text(copies[0].message)]


@pytest.mark.parametrize("how", ["contact", "import", "message"])
def test_who_wanted_no_mail_and_comes_back_still_gets_none(world: World, how: str) -> None:
    with world.store() as store:
        store.suppressions.add(BOB, "complained", at=NOW)
        store.privacy.choose(BOB, PreferenceChoice(0, opens=False, clicks=True, at=NOW, evidence="page"), "by hand")
    world.forget()
    with world.store() as store:
        assert store.suppressions.get(BOB) is None
        if how == "contact":
            store.contacts.add(BOB.title(), NOW)
        elif how == "import":
            job = store.jobs.add("import", "people.csv", NOW, {}, owner="x").id
            intake = Intake(job=job, owner="x", at=NOW, source="file", policy="update")
            store.contacts.import_batch(intake, [ImportRow(BOB, BOB)], [], lambda _: Beat(job=job, at=NOW, done=1))
    if how == "message":
        world.send(BOB, outcome=None)
    with world.store() as store:
        assert store.suppressions.contains([BOB]) == {BOB}
        assert store.privacy.withdrawals([BOB])[BOB].opens


def test_without_the_key_nobody_is_taken_in_unknown(world: World) -> None:
    with world.store() as store:
        store.suppressions.add(BOB, "complained", at=NOW)
    world.forget()
    (world.settings.data / "forgotten.key").unlink()
    with world.store() as store, pytest.raises(Exception, match="Restore it from a backup"):
        store.contacts.add(BOB, NOW)


def test_the_doctor_says_when_the_key_is_missing(world: World) -> None:
    with world.store() as store:
        store.suppressions.add(BOB, "complained", at=NOW)
    world.forget()
    (world.settings.data / "forgotten.key").unlink()
    [found] = [one for one in examine_folder(world.settings) if one.name == "forgotten"]
    assert found.state == "damaged"
    assert "Restore it from a backup" in found.text


def test_the_hash_says_nothing_without_the_key(world: World) -> None:
    with world.store() as store:
        store.suppressions.add(BOB, "complained", at=NOW)
    world.forget()
    assert len((world.settings.data / "forgotten.key").read_bytes()) == 32
    assert world.naming(BOB) == {}


def test_a_user_of_the_server_is_not_forgotten(world: World) -> None:
    result = world.forget(ALICE)
    assert result.exit_code != 0
    assert "is a user of this server" in str(result.exception)


def test_forgetting_twice_and_who_was_never_known_does_nothing(world: World) -> None:
    world.send(BOB, CAROL)
    assert world.forget().exit_code == 0
    assert world.forget().exit_code == 0
    assert world.forget("nobody@nowhere.test").exit_code == 0
    assert "carol@customer.test" in str(world.naming(CAROL))


def test_what_is_of_others_stays(world: World) -> None:
    copies = world.send(CAROL)
    with world.store() as store:
        store.contacts.add(CAROL, NOW, name="Carol")
    world.forget()
    with world.store() as store:
        assert present(store.contacts.by_address(CAROL)).name == "Carol"
        assert store.messages.copy(copies[0].id).recipient == CAROL
    assert asyncio.run(asyncio.to_thread(world.parts.folder.outgoing_mail().get, copies[0].message))


def test_a_state_that_could_not_be_rewritten_is_rewritten_later(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.send(BOB)

    def refused(_queries: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(ForgetQueries, "leave_no_remains", refused)
        assert world.forget().exit_code != 0
    with world.store() as store:
        assert leaves_remains(store)
    world.digest()
    with world.store() as store:
        assert not leaves_remains(store)
