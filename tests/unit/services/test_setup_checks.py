"""What of the settings is a problem, and which remedy is told."""

from pathlib import Path

import pytest

from postlude.model.answer import Answer
from postlude.model.errors import SettingError, StorageError, TransportError
from postlude.model.words import SendOutcome
from postlude.services.domains.dns_records import DnsRecord, RecordCheck, RecordState
from postlude.services.setup_checks import (
    MailRoute,
    NextServer,
    ReadFolder,
    of_account,
    of_bounces,
    of_data_folder,
    of_keys,
    of_mail_route,
    of_mailboxes,
    of_port,
    of_sending_domains,
    of_tracking_url,
)


def _well() -> None:
    """What succeeds."""


def _refused_storage() -> None:
    raise StorageError("the data folder cannot be written")


@pytest.mark.parametrize(
    ("url", "sandbox", "state", "words"),
    [
        ("http://127.0.0.1:8701", True, "ok", "sandbox"),
        ("http://127.0.0.1:8701", False, "problem", "POSTLUDE_EDGE_URL"),
        ("http://t.example.org", False, "warning", "is not https"),
        ("https://app.example.org", False, "warning", "host name of its own"),
        ("https://t.example.org", False, "ok", "https://t.example.org"),
    ],
)
def test_the_tracking_url(url: str, sandbox: bool, state: str, words: str) -> None:
    found = of_tracking_url(url, "https://app.example.org", sandbox=sandbox)
    assert found.state == state
    assert words in found.text


def test_a_data_folder_that_is_not_made_yet_is_well(tmp_path: Path) -> None:
    assert of_data_folder(tmp_path / "new", _refused_storage).state == "ok"


def test_a_data_folder_that_cannot_be_prepared_says_why(tmp_path: Path) -> None:
    found = of_data_folder(tmp_path, _refused_storage)
    assert found.state == "problem"
    assert found.text == "the data folder cannot be written"
    assert of_data_folder(tmp_path, _well).name == "data folder"


def test_keys_of_a_folder_in_use_must_be_there(tmp_path: Path) -> None:
    def missing() -> None:
        raise SettingError("keys.json is missing. Restore it from a backup")

    keys = tmp_path / "keys.json"
    assert of_keys(keys, missing, used=False).state == "ok"
    assert "Restore" in of_keys(keys, missing, used=True).text


def test_keys_are_private(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.touch(mode=0o600)
    assert of_keys(keys, _well, used=True).state == "ok"
    keys.chmod(0o640)
    assert f"chmod 600 {keys}" in of_keys(keys, _well, used=True).text


def test_root_is_warned() -> None:
    assert of_account(0).state == "warning"
    assert of_account(1000).state == "ok"


def _server(name: str, refused: Answer | None = None, *, logs_in: bool = True) -> NextServer:
    return NextServer(name, "mx.example.org", 587, logs_in, lambda: refused)


def test_mail_of_the_sandbox_asks_no_server() -> None:
    assert "sandbox" in of_mail_route(MailRoute(sandbox=True, maildir=None, servers=[], in_file=False)).text
    assert "/mail" in of_mail_route(MailRoute(sandbox=False, maildir=Path("/mail"), servers=[], in_file=False)).text


def test_every_server_that_answers_is_named() -> None:
    servers = [_server("mx.example.org:587", logs_in=False), _server("second")]
    found = of_mail_route(MailRoute(sandbox=False, maildir=None, servers=servers, in_file=True))
    assert found.state == "ok"
    assert found.text == ("mx.example.org:587 answers; second (mx.example.org:587) answers and takes the login")


@pytest.mark.parametrize(("in_file", "place"), [(True, "[[smtp]]"), (False, "POSTLUDE_SMTP_HOST")])
def test_a_server_that_refuses_is_told_with_the_place_to_mend(in_file: bool, place: str) -> None:
    answer = Answer(SendOutcome.DEFERRED, code=535, text="wrong password", phase="auth")
    found = of_mail_route(
        MailRoute(sandbox=False, maildir=None, servers=[_server("first"), _server("second", answer)], in_file=in_file)
    )
    assert found.state == "problem"
    assert "second (mx.example.org:587): auth: 535 wrong password" in found.text
    assert place in found.text


def test_bounces_need_a_domain() -> None:
    assert "POSTLUDE_RETURN_DOMAIN" in of_bounces("", "0.0.0.0:8703", sandbox=False).text
    assert "must reach 0.0.0.0:8703" in of_bounces("b.example.org", "0.0.0.0:8703", sandbox=False).text
    assert of_bounces("b.example.org", "0.0.0.0:8703", sandbox=True).text == "come back in the sandbox"


def test_a_mailbox_that_cannot_be_opened_is_told() -> None:
    def refused() -> None:
        raise TransportError("a@example.org: no such folder")

    assert of_mailboxes([]).state == "ok"
    assert of_mailboxes([ReadFolder("INBOX", _well)]).text == "read, never changed: INBOX"
    found = of_mailboxes([ReadFolder("INBOX", _well), ReadFolder("None", refused)])
    assert found.state == "problem"
    assert "no such folder" in found.text


def _record(domain: str) -> list[RecordCheck]:
    state = RecordState.OK if domain == "good.example" else RecordState.MISSING
    return [RecordCheck(DnsRecord("SPF", domain, "TXT", "v=spf1", ""), state, (), "")]


def test_sending_domains_are_signed_and_published() -> None:
    def check(*names: str, exposed: tuple[Path, ...] = (), sandbox: bool = False) -> tuple[str, str]:
        found = of_sending_domains(names, exposed, _record, sandbox=sandbox)
        return found.state, found.text

    assert check()[0] == "warning"
    assert check(sandbox=True)[0] == "ok"
    assert check("good.example")[0] == "ok"
    assert "bad.example: SPF missing" in check("good.example", "bad.example")[1]
    assert "chmod 600" in check("good.example", exposed=(Path("/keys/a.pem"),))[1]


def test_keys_that_are_lost_come_before_what_dns_says() -> None:
    found = of_sending_domains((), (), _record, sandbox=True, lost=["the DKIM keys of example.org are gone"])
    assert found.state == "problem"
    assert "are gone" in found.text


def test_a_port_in_use_is_a_problem() -> None:
    assert of_port("web", "127.0.0.1:8700", _well).text == "127.0.0.1:8700 is free"
    assert of_port("web", "127.0.0.1:8700", _refused_storage).state == "problem"
