"""Handing in mail: what is refused, what is accepted, and once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

import pytest

from postlude.kit.ids import id_text, new_id
from postlude.model.errors import QuotaError, StorageError
from postlude.model.words import EventKind, Via
from postlude.services.messages.accept import NewMessage, prepare

from .conftest import CLOCK, ApiWorld, Mail


def _read(new: NewMessage) -> EmailMessage:
    read = message_from_bytes(prepare(CLOCK, new, "localhost")[1], policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def _sent(world: ApiWorld, body: dict[str, Any]) -> NewMessage:
    answer = world.client().post("/v1/messages", json=body)
    assert answer.status_code == HTTPStatus.ACCEPTED, answer.text
    (new,) = world.submitted
    assert answer.json() == {"message": id_text(new.message)}
    return new


def test_a_mail_of_parts(world: ApiWorld, mail: Mail) -> None:
    new = _sent(
        world,
        mail(
            to=["Bob Ümläut <bob@example.net>", "carla@example.net"], cc="dora@example.net", bcc=["eve@example.net"],
            reply_to="sales@example.org", subject="Prices \u20ac", html="<p>Hi</p>", headers={"X-Order": "7"},
            purpose="transactional", track={"opens": False, "skip": ["example.com"]},
            attachments=[{"filename": "a b.txt", "content": "YWJj", "content_type": "text/x-a"}],
        ),
    )  # fmt: skip
    read = _read(new)
    assert new.via is Via.API
    assert new.user == world.alice.id
    assert list(new.recipients) == ["bob@example.net", "carla@example.net", "dora@example.net", "eve@example.net"]
    assert new.purpose == "transactional"
    assert read["to"].addresses[0].display_name == "Bob Ümläut"
    assert read["subject"] == "Prices \u20ac"
    assert read["x-order"] == "7"
    assert read["x-postlude-opens"] == "off"
    assert read["x-postlude-skip"] == "example.com"
    assert read["bcc"] is None
    assert read["date"]
    assert read["message-id"]
    (file,) = read.iter_attachments()
    assert isinstance(file, EmailMessage)
    assert file.get_filename() == "a b.txt"
    assert file.get_content_type() == "text/x-a"
    assert file.get_payload(decode=True) == b"abc"


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"form": "x"}, "field_unknown", "/form"),
        ({"track": {"clicked": True}}, "field_unknown", "/track/clicked"),
        ({"attachments": [{"filename": "a"}]}, "field_missing", "/attachments/0/content"),
        ({"attachments": [{"filename": "a", "content": "?"}]}, "field_invalid", "/attachments/0/content"),
        ({"to": ["bob"]}, "field_invalid", "/to/0"),
        ({"to": []}, "field_missing", "/to"),
        ({"to": 7}, "field_invalid", "/to"),
        ({"from": "bob@elsewhere.example"}, "sender_not_yours", "/from"),
        ({"from": ""}, "field_invalid", "/from"),
        ({"purpose": "spam"}, "field_invalid", "/purpose"),
        ({"text": "", "html": ""}, "message_invalid", None),
        ({"headers": {"X-A": "a\r\nBcc: eve@example.net"}}, "message_invalid", None),
        ({"headers": {"Bcc": "eve@example.net"}}, "message_invalid", None),
        ({"subject": 5}, "field_invalid", "/subject"),
    ],
)
def test_what_is_wrong_is_named(
    world: ApiWorld, mail: Mail, changed: dict[str, Any], code: str, field: str | None
) -> None:
    answer = world.client().post("/v1/messages", json=mail(**changed)).json()
    assert answer["code"] == code
    assert answer.get("field") == field
    assert world.submitted == []


@pytest.mark.parametrize(
    ("content", "kind"), [(b"{", "application/json"), (b"{}", "text/plain"), (b"", "application/json")]
)
def test_a_body_that_cannot_be_read(world: ApiWorld, content: bytes, kind: str) -> None:
    answer = world.client().post("/v1/messages", content=content, headers={"Content-Type": kind})
    assert answer.json()["code"] == "body_invalid"


def test_no_header_is_put_in_by_a_subject(world: ApiWorld, mail: Mail) -> None:
    read = _read(_sent(world, mail(subject="Hi\r\nBcc: eve@example.net")))
    assert read["bcc"] is None
    assert read["subject"] == "Hi Bcc: eve@example.net"


RAW = b"From: alice@example.org\r\nTo: bob@example.net\r\nBcc: eve@example.net\r\nSubject: Hi\r\n\r\nHello\r\n"


def test_a_whole_mail(world: ApiWorld) -> None:
    answer = world.client().post("/v1/messages", content=RAW, headers={"Content-Type": "message/rfc822"})
    assert answer.status_code == HTTPStatus.ACCEPTED
    (new,) = world.submitted
    assert list(new.recipients) == ["bob@example.net", "eve@example.net"]
    assert new.raw == RAW.replace(b"Bcc: eve@example.net\r\n", b"")


@pytest.mark.parametrize("name", [b"From", b"Sender", b"Resent-From"])
def test_a_whole_mail_is_by_the_user_in_every_field(world: ApiWorld, name: bytes) -> None:
    raw = name + b": boss@example.com\r\n" + RAW
    answer = world.client().post("/v1/messages", content=raw, headers={"Content-Type": "message/rfc822"})
    assert answer.json()["code"] == "sender_not_yours"


HEAD = b"From: alice@example.org\r\nTo: bob@example.net\r\n"
MAIL = {"Content-Type": "message/rfc822"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"Subject: x\rFrom: boss@example.com\r\n" + HEAD, "sender_not_yours"),
        (HEAD + b"Subject: x\rSender: boss@example.com\r\n", "sender_not_yours"),
        (HEAD + b"From: a@club.example\r\n", "message_invalid"),
        (b"To: bob@example.net\r\n", "message_invalid"),
        (b"From: \xff@example.com\r\nTo: bob@example.net\r\n", "sender_not_yours"),
        (HEAD + b"Cc: \xff@example.net\r\n", "message_invalid"),
        (HEAD + b"Cc: bob\r\n", "message_invalid"),
        (HEAD + b"Cc: a\0b@example.net\r\n", "message_invalid"),
        (HEAD + b"X: y\r\n" * 1001, "message_invalid"),
    ],
)
def test_a_whole_mail_that_smtp_would_refuse(world: ApiWorld, raw: bytes, code: str) -> None:
    answer = world.client().post("/v1/messages", content=raw + b"\r\nHello\r\n", headers=MAIL)
    assert answer.json()["code"] == code
    assert world.submitted == []


@pytest.mark.parametrize("field", [b"Subject: Hi\rBcc: eve@example.net\r\n", b"Resent-Bcc: eve@example.net\r\n"])
def test_hidden_recipients_do_not_leave(world: ApiWorld, field: bytes) -> None:
    world.client().post("/v1/messages", content=HEAD + field + b"\r\nHello\r\n", headers=MAIL)
    assert b"eve@example.net" not in world.submitted[0].raw


def test_a_key_may_send_as_fewer_than_its_user(world: ApiWorld, mail: Mail) -> None:
    client = world.client(senders=("*@club.example",))
    assert client.post("/v1/messages", json=mail()).json()["code"] == "sender_not_yours"
    assert client.post("/v1/messages", json=mail(**{"from": "a@club.example"})).status_code == HTTPStatus.ACCEPTED


def test_a_quota_is_told(world: ApiWorld, mail: Mail) -> None:
    async def full(_new: NewMessage) -> int:
        raise QuotaError("100 messages an hour")

    answer = world.with_deps(submit=full).client().post("/v1/messages", json=mail())
    assert answer.json()["code"] == "quota_exceeded"
    assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


KEY = {"Idempotency-Key": "order-1"}


def test_a_repeated_call_is_answered_the_same(world: ApiWorld, mail: Mail) -> None:
    client = world.client()
    first, second = (client.post("/v1/messages", json=mail(), headers=KEY) for _ in range(2))
    assert first.json() == second.json()
    assert len(world.submitted) == 1
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"


def test_another_body_under_the_same_key_is_refused(world: ApiWorld, mail: Mail) -> None:
    client = world.client()
    client.post("/v1/messages", json=mail(), headers=KEY)
    answer = client.post("/v1/messages", json=mail(subject="Other"), headers=KEY)
    assert answer.json()["code"] == "idempotency_key_reused"
    assert len(world.submitted) == 1


def test_keys_of_users_do_not_meet(world: ApiWorld, mail: Mail) -> None:
    world.client().post("/v1/messages", json=mail(), headers=KEY)
    other = mail(**{"from": "charlie@example.org"})
    assert world.client(user=world.charlie).post("/v1/messages", json=other, headers=KEY).status_code == 202
    assert len(world.submitted) == 2


def test_many_at_once_are_accepted_once(world: ApiWorld, mail: Mail) -> None:
    client = world.client()

    def call(_: int) -> tuple[int, str]:
        answer = client.post("/v1/messages", json=mail(), headers=KEY)
        return answer.status_code, answer.text

    with client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(call, range(64)))
    assert len(world.submitted) == 1
    assert {status for status, _ in answers} <= {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}
    assert len({text for status, text in answers if status == HTTPStatus.ACCEPTED}) == 1


def test_after_a_failure_the_same_message_is_handed_in(world: ApiWorld, mail: Mail) -> None:
    tried: list[NewMessage] = []

    async def failing(new: NewMessage) -> int:
        await asyncio.sleep(0)
        tried.append(new)
        if len(tried) == 1:
            raise StorageError("no space left on the device")
        return new.message

    client = world.with_deps(submit=failing).client()
    assert client.post("/v1/messages", json=mail(html="<p>Hi</p>"), headers=KEY).json()["code"] == "unavailable"
    assert client.post("/v1/messages", json=mail(html="<p>Hi</p>"), headers=KEY).status_code == HTTPStatus.ACCEPTED
    first, second = tried
    assert first == second
    assert prepare(CLOCK, first, "localhost") == prepare(CLOCK, second, "localhost")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"text": ""}, "message_invalid"),
        ({"to": []}, "field_missing"),
        ({"to": "bob"}, "field_invalid"),
        ({"too": "bob"}, "field_unknown"),
        ({"from": "boss@example.com"}, "sender_not_yours"),
    ],
)
def test_after_a_refusal_the_key_is_free(world: ApiWorld, mail: Mail, wrong: dict[str, Any], code: str) -> None:
    client = world.client()
    assert client.post("/v1/messages", json=mail(**wrong), headers=KEY).json()["code"] == code
    assert client.post("/v1/messages", json=mail(), headers=KEY).status_code == HTTPStatus.ACCEPTED


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_has_a_form(world: ApiWorld, mail: Mail, key: str) -> None:
    answer = world.client().post("/v1/messages", json=mail(), headers={"Idempotency-Key": key})
    assert answer.json()["code"] == "message_invalid"


def test_the_list_and_one_of_it(world: ApiWorld) -> None:
    ids = [id_text(world.happened(world.alice, EventKind.SENT, EventKind.OPENED)[0]) for _ in range(3)]
    client = world.client()
    first = client.get("/v1/messages", params={"limit": 2}).json()
    rest = client.get("/v1/messages", params={"limit": 2, "after": first["cursor"]}).json()
    assert sorted(one["message"] for one in first["messages"] + rest["messages"]) == sorted(ids)
    assert first["more"] is True
    assert rest["more"] is False
    assert rest["cursor"] is None
    one = client.get(f"/v1/messages/{ids[0]}").json()
    assert one["copies"][0]["recipient"] == "bob@example.net"
    assert one["links"][0]["url"] == "https://example.com/a"


def test_messages_of_others_are_not_there(world: ApiWorld) -> None:
    message, _ = world.happened(world.alice, EventKind.SENT)
    client = world.client(user=world.charlie)
    assert client.get("/v1/messages").json()["messages"] == []
    for path in (f"/v1/messages/{id_text(message)}", f"/v1/messages/{id_text(message)}/timeline"):
        assert client.get(path).status_code == HTTPStatus.NOT_FOUND
    there, none = (client.get(f"/v1/messages/{id_text(one)}").json()["detail"] for one in (message, new_id()))
    assert there[18:] == none[18:]  # whether others have it is not told
