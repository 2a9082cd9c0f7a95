"""Single messages from their parts."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from postlude.compose.written_mail import WrittenFile, WrittenMail, written_mail
from postlude.model.address import Mailbox
from postlude.model.errors import InputError

ANNA = Mailbox("anna@example.org", "Anna Ärger")
AT = 1_800_000_000_000_000
LOGO = WrittenFile("logo.png", "image/png", b"\x89PNG\r\n\x1a\n", "logo")
BILL = WrittenFile("Rechnung März.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(range(256)))
WHOLE = WrittenMail(ANNA, [Mailbox("bob@example.net")], text="Hi", html='<img src="cid:logo">', files=[LOGO, BILL])


def _read(mail: WrittenMail) -> EmailMessage:
    read = message_from_bytes(written_mail(mail, 7, AT), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_it_is_the_same_whenever_it_is_made() -> None:
    assert written_mail(WHOLE, 7, AT) == written_mail(WHOLE, 7, AT)


def test_messages_have_boundaries_of_their_own() -> None:
    assert str(_read(WHOLE).get_boundary()) not in written_mail(WHOLE, 8, AT).decode()


def test_parts_and_files_come_back() -> None:
    read = _read(WHOLE)
    bodies = [read.get_body((kind,)) for kind in ("plain", "html")]
    assert [body and body.get_payload(decode=True) for body in bodies] == [b"Hi\r\n", b'<img src="cid:logo">\r\n']
    (bill,) = read.iter_attachments()
    assert isinstance(bill, EmailMessage)
    assert bill.get_filename() == BILL.name
    assert bill.get_content() == BILL.content
    (logo,) = [part for part in read.walk() if part["content-id"] == "<logo>"]
    assert logo.get_payload(decode=True) == LOGO.content


@pytest.mark.parametrize("text", ["Grüße 🎉", "a\nb\n", "x" * 5000, "."])
def test_text_comes_back(text: str) -> None:
    assert _read(WrittenMail(ANNA, text=text)).get_content().split() == text.split()


def test_lines_end_as_mail_wants_them() -> None:
    raw = written_mail(WHOLE, 7, AT)
    assert raw.count(b"\n") == raw.count(b"\r\n")


@pytest.mark.parametrize(
    "mail",
    [
        WrittenMail(ANNA),
        WrittenMail(ANNA, text="x", files=[LOGO]),
        WrittenMail(ANNA, text="x", files=[BILL._replace(name="a\nb")]),
        WrittenMail(ANNA, text="x", files=[BILL._replace(name=" ")]),
        WrittenMail(ANNA, text="x", files=[BILL._replace(content_type="pdf")]),
        WrittenMail(ANNA, text="x", files=[BILL._replace(content_type="message/rfc822")]),
        WrittenMail(ANNA, html="x", files=[LOGO._replace(content_id="a>\r\nb")]),
        WrittenMail(ANNA, text="x", headers={"Content-Type": "text/html"}),
        WrittenMail(ANNA, text="x", headers={"Resent-From": "boss@example.com"}),
        WrittenMail(ANNA, text="x", files=[BILL._replace(name="=?utf-8?q?a=0d=0aX-B:_c?=")]),
        WrittenMail(ANNA, html="x", files=[LOGO._replace(content_id="=?utf-8?q?a=0d=0aX-B:_c?=")]),
        WrittenMail(ANNA, text="x", headers={"X A": "b"}),
        WrittenMail(ANNA, text="x", headers={"X-A": "b\r\nTo: c@example.net"}),
    ],
)
def test_what_cannot_stand_in_a_mail_is_refused(mail: WrittenMail) -> None:
    with pytest.raises(InputError):
        written_mail(mail, 7, AT)


def test_no_field_comes_out_of_a_subject() -> None:
    raw = written_mail(WrittenMail(ANNA, text="x", subject="=?utf-8?q?a=0d=0aSender:_boss@example.com?=\0"), 7, AT)
    assert b"\nSender:" not in raw
    assert b"\0" not in raw


def test_pictures_may_come_after_files() -> None:
    read = _read(WrittenMail(ANNA, html='<img src="cid:logo">', files=[BILL, LOGO]))
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed", "multipart/related", "text/html", "image/png", "application/pdf",
    ]  # fmt: skip
