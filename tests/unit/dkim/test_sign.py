from contextlib import suppress

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.dkim import Signer, new_key, read_key
from postlude.dkim.canonical import relaxed_body
from postlude.model.errors import InputError

NOW = 1_700_000_000_000_000
RSA, ED = new_key("rsa", "r1"), new_key("ed25519", "e1")
RECORDS = {f"{key.selector}._domainkey.example.org.".encode(): key.record().encode() for key in (RSA, ED)}
SIGNER = Signer("example.org", (RSA, ED))
FROM = b"From: Alice <alice@example.org>\r\n"

RAW_MAILS = {
    "plain": FROM + b"To: b@example.com\r\nSubject: x\r\n\r\nhello  world \t\r\nend\r\n",
    "no body": FROM + b"Subject: x\r\n\r\n",
    "blank lines at the end": FROM + b"\r\nx\r\n\r\n \r\n\t\r\n\r\n",
    "blank lines only": FROM + b"\r\n\r\n\r\n \r\n",
    "no line end at the end": FROM + b"\r\nx\r\ny",
    "runs of blanks": FROM + b"\r\n" + b"a" + b" " * 1001 + b"\t\t b  \r\n",
    "header in utf-8": "From: Zoë <zoë@example.org>\r\nSubject: Grüße  aus\r\n\t Köln\r\n\r\nx\r\n".encode(),
    "header in latin-1": FROM + b"Subject: Gr\xfc\xdfe\r\n\r\nx\r\n",
    "8bit body": FROM + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
    "long lines": FROM + b"Subject: " + b"x" * 900 + b"\r\n\r\n" + b"y" * 5000 + b"\r\n",
    "twice the same field": FROM + b"To: a@example.com\r\nTo: b@example.com\r\n\r\nx\r\n",
    "empty field": FROM + b"Subject:\r\nCc: \r\n\r\nx\r\n",
    "dots": FROM + b"\r\n.\r\n..\r\n.x\r\n",
}


def record(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001 - dkimpy's call
    return RECORDS.get(name)


def verified(raw: bytes) -> list[bool]:
    message = dkim.DKIM(raw)
    return [message.verify(idx=index, dnsfunc=record) for index in (0, 1)]


@pytest.mark.parametrize("name", RAW_MAILS)
def test_another_implementation_verifies_both_signatures(name: str) -> None:
    assert verified(SIGNER.sign(RAW_MAILS[name], NOW)) == [True, True]


@pytest.mark.parametrize(
    "change",
    [
        (b"hello", b"hallo"),
        (b"Subject: x", b"Subject: y"),
        (b"To: b@", b"To: c@"),
        (b"Subject: x", b"Subject: x\r\nFrom: mallory@example.org"),  # oversigned: none can be added
        (b"Subject: x", b"Subject: x\r\nReply-To: mallory@example.net"),
    ],
)
def test_a_change_breaks_both(change: tuple[bytes, bytes]) -> None:
    signed = SIGNER.sign(RAW_MAILS["plain"], NOW).replace(*change)
    for index in (0, 1):
        with suppress(dkim.ValidationError):
            assert not dkim.DKIM(signed).verify(idx=index, dnsfunc=record)


@pytest.mark.parametrize(
    "raw",
    [
        FROM + b"\r\nx\ny\r\n",
        FROM + b"\r\nx\ry\r\n",
        FROM + b"Subject: a\nb: c\r\n\r\nx\r\n",
        b"To: x\r\n\r\ny\r\n",
        FROM,
    ],
)
def test_what_would_not_hold_is_not_signed(raw: bytes) -> None:
    with pytest.raises(InputError):
        SIGNER.sign(raw, NOW)


def test_keys_come_back_from_their_file() -> None:
    for key in (RSA, ED):
        again = read_key(key.pem(), key.selector)
        assert again.algorithm == key.algorithm
        assert again.record() == key.record()
    with pytest.raises(InputError, match="not a private key"):
        read_key(b"-----BEGIN CERTIFICATE-----", "x")


def test_an_international_domain_is_named_in_ascii() -> None:
    assert b"d=xn--bcher-kva.example;" in Signer("bücher.example", (ED,)).sign(RAW_MAILS["plain"], NOW)


def test_the_body_of_a_mail_on_the_way_is_the_one_that_was_signed() -> None:
    # SMTP ends the last line; the relaxed form must be the same before and after.
    assert relaxed_body(b"x  ") == relaxed_body(b"x  \r\n") == b"x\r\n"
    assert relaxed_body(b" ") == relaxed_body(b" \r\n") == b""


blanks_and_lines = st.lists(
    st.sampled_from([b" ", b"\t", b"\r\n", b"x", b"\xc3\xa4", b".", b"  \r\n", b"=20"]), max_size=30
)


@given(blanks_and_lines.map(b"".join), st.text(st.characters(blacklist_categories=["C"]), max_size=30))
def test_any_blanks_and_line_ends_are_canonicalised_as_others_do(body: bytes, subject: str) -> None:
    raw = FROM + b"Subject: " + subject.encode() + b"\r\n\r\n" + body + b"\r\n"
    assert verified(SIGNER.sign(raw, NOW)) == [True, True]
