import pytest

from postlude.adapters.smtp_server.session import SmtpServerConfig
from postlude.feedback.mime import read
from postlude.instrument.mime import parts
from postlude.instrument.reasons import PartReason
from postlude.instrument.session import MAX_POSITION
from postlude.mail.limits import (
    ADDRESSES,
    DEPTH,
    FIELD_BYTES,
    HEAD_BYTES,
    HEAD_FIELDS,
    LINKS,
    PART_HEADS_BYTES,
    PARTS,
    head_refusal,
)
from postlude.services.messages.accept import MAX_RECIPIENTS

BODY = b"\r\n\r\n" + b"x: y\r\n" * 100_000


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_head_up_to_the_limits_is_taken(end: bytes) -> None:
    line = b"X-A: " + b"a" * 300 + end
    head = line * (HEAD_BYTES // len(line) - 1)
    assert head_refusal(b"From: a@example.org" + end + head + end + BODY) is None


def test_a_head_that_is_too_large_is_refused() -> None:
    assert "larger than the 262,144 bytes" in (head_refusal((b"X-A: " + b"a" * 995 + b"\r\n") * 300 + BODY) or "")


def test_a_mail_that_is_nothing_but_head_is_refused() -> None:
    assert "larger than the 262,144 bytes" in (head_refusal(b"a: b\r\n" * 1_000_000) or "")


def test_too_many_fields_are_refused() -> None:
    assert "more than the 1,000 fields" in (head_refusal(b"a: b\r\n" * (HEAD_FIELDS + 1) + BODY) or "")


def test_folded_lines_are_no_fields() -> None:
    assert head_refusal(b"To: b" + b"\r\n a" * 5_000 + BODY) is None


def test_a_long_field_is_refused_by_its_name() -> None:
    assert "The field References is longer" in (
        head_refusal(b"From: a@b.c\r\nReferences:" + b" <x@y>\r\n" * (FIELD_BYTES // 8) + BODY) or ""
    )


def test_a_body_has_no_limit_here() -> None:
    assert head_refusal(b"From: a@example.org" + BODY * 10) is None


@pytest.mark.parametrize("mail", [b"", b"\r\n", b"\n\n", b"no mail at all"])
def test_what_is_not_a_mail_is_somebody_elses_to_refuse(mail: bytes) -> None:
    assert head_refusal(mail) is None


def test_who_reads_mail_stops_at_the_same_part() -> None:
    part = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"
    raw = ('Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + part * (PARTS + 50) + "--b--\r\n").encode()
    leaving = list(parts(raw))
    coming = [each for each in read(raw).walk() if each.type == "text/plain"]
    assert {each.reason for each in leaving if each.reason} == {PartReason.TOO_MANY_PARTS}
    assert PARTS - 2 <= len([each for each in leaving if not each.reason]) <= PARTS
    assert PARTS <= len(coming) <= PARTS + 1


def test_headers_of_parts_are_bounded_together() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    part = b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\nx\r\n"
    leaves = list(parts(head + part * 300 + b"--b--\r\n"))
    closed = [one for one in leaves if one.reason is PartReason.TOO_MANY_PARTS]
    assert len(leaves) - len(closed) == PART_HEADS_BYTES // 6000
    assert list(parts(head + part * 3))[-1].reason is None


def test_who_reads_mail_stops_at_the_same_depth() -> None:
    raw = b"x"
    for level in range(DEPTH + 10):
        raw = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) + raw
    assert [each.reason for each in parts(raw)] == [PartReason.TOO_DEEP]
    assert sum(each.type == "multipart/mixed" for each in read(raw).walk()) == DEPTH + 1


def test_servers_and_pages_take_as_many_recipients() -> None:
    assert SmtpServerConfig(hostname="x").max_recipients == MAX_RECIPIENTS == ADDRESSES
    assert MAX_POSITION == LINKS - 1
