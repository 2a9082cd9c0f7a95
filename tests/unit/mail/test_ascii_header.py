"""A header with raw letters of other scripts, made fit for servers without SMTPUTF8."""

from email import message_from_bytes, policy

import pytest

from postlude.mail.ascii_header import needs_smtputf8, with_ascii_header
from postlude.mail.header_block import HeaderBlock

BODY = b"\r\nH\xc3\xa9llo\r\n"


def written(raw: bytes) -> bytes:
    return with_ascii_header(raw, HeaderBlock(raw))


def made(fields: str) -> bytes:
    return written(fields.encode() + BODY)


def read(fields: str, name: str) -> str:
    return str(message_from_bytes(made(fields), policy=policy.default)[name])


@pytest.mark.parametrize(
    "text",
    ["Káva", "Re: Káva a čaj dnes", "日本語" * 40, "Hello wörld and more words than fit one line " * 3],
)
def test_a_subject_is_read_as_it_was(text: str) -> None:
    raw = made(f"From: a@x.example\r\nSubject: {text}\r\n")
    assert not needs_smtputf8(raw)
    assert read(f"From: a@x.example\r\nSubject: {text}\r\n", "Subject") == " ".join(text.split())
    assert max(map(len, raw.split(b"\r\n"))) <= 90


def test_bytes_that_are_not_utf_8_are_read_as_old_programs_write_them() -> None:
    raw = written("From: a@x.example\r\nSubject: Größe\r\n".encode("latin-1") + BODY)
    assert str(message_from_bytes(raw, policy=policy.default)["Subject"]) == "Größe"


def test_domains_become_a_labels_and_names_encoded_words() -> None:
    fields = "From: Müller <news@münchen.example>\r\nTo: bob@faß.example, Zoë <z@x.example>\r\n"
    raw = made(fields)
    mail = message_from_bytes(raw, policy=policy.default)
    assert [(a.display_name, a.addr_spec) for a in mail["From"].addresses] == [
        ("Müller", "news@xn--mnchen-3ya.example")
    ]
    assert [a.addr_spec for a in mail["To"].addresses] == ["bob@xn--fa-hia.example", "z@x.example"]
    assert not needs_smtputf8(raw)


def test_everything_else_stays_byte_for_byte() -> None:
    fields = "Received: from x\r\n\tby y\r\nFrom: a@x.example\r\nSUBJECT:  Káva\r\nX-A:  b\r\n c\r\n"
    raw = made(fields)
    assert raw.startswith(b"Received: from x\r\n\tby y\r\nFrom: a@x.example\r\nSUBJECT: =?")
    assert raw.endswith(b"\r\nX-A:  b\r\n c\r\n" + BODY)


@pytest.mark.parametrize(
    "fields",
    [
        "From: a@x.example\r\nSubject: x\r\n",
        "From: a@x.example\r\nSubject: Káva\r\nDKIM-Signature: v=1; d=x.example\r\n",
        "From: пётр@x.example\r\n",
        "From: a@x.example\r\nMessage-ID: <ä@x.example>\r\n",
    ],
)
def test_what_has_no_form_in_ascii_or_is_signed_stays(fields: str) -> None:
    assert made(fields) == fields.encode() + BODY


def test_a_local_part_in_another_script_needs_smtputf8() -> None:
    assert needs_smtputf8(made("From: пётр@x.example\r\n"))


def test_letters_in_the_body_need_no_smtputf8() -> None:
    assert not needs_smtputf8(b"From: a@x.example\r\n" + BODY)
