"""The one reader of header blocks, and how often a relayed message is read."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.instrument import Policy, mime
from postlude.instrument import message as instrumenting
from postlude.mail import header_block
from postlude.mail.fields import RawField, block_end, read_ascii_pairs, read_fields, read_pairs
from postlude.model.observation import Submitted
from postlude.model.words import Via
from postlude.services.messages.submission import read_submission
from postlude.services.messages.tracker import Tracker
from postlude.tokens import KeyRing, TokenCodec

MAIL = (
    b"From: alice@example.org\r\nTo: bob@example.net\r\nSubject: An\r\n offer\r\nMessage-ID: <1@example.org>\r\n"
    b"Content-Type: text/html\r\n\r\n<p><a href='https://shop.example/a'>the offer</a></p>\r\n"
)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
LINES = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a: b", b" c", b"x" * 9_000]), max_size=14).map(b"".join)


def test_a_field_is_found_with_its_place_and_its_folds() -> None:
    raw = b"From a\nSubject : x\r\n\ty\r\nno field\r\nTo:\r\n\r\n"
    assert read_fields(raw, 0, len(raw)) == [
        RawField("subject", b" x\r\n\ty", 7, 24),
        RawField("to", b"", 34, 39),
    ]


@given(LINES)
def test_names_and_values_are_those_of_the_fields(raw: bytes) -> None:
    pairs = [(name, value.rstrip(b"\r")) for name, value in read_pairs(raw, 0, len(raw))]
    assert pairs == [(field.name, field.value) for field in read_fields(raw, 0, len(raw))]


@given(LINES)
def test_a_block_in_ascii_is_read_as_any_other(raw: bytes) -> None:
    pairs = [(name, value.decode()) for name, value in read_pairs(raw, 0, len(raw))]
    assert read_ascii_pairs(raw.decode()) == pairs


@given(LINES)
def test_the_block_ends_at_the_first_empty_line_whatever_the_line_ends(raw: bytes) -> None:
    blank = _BLANK_LINE.search(raw)
    expected: tuple[int, int] | None
    if raw.startswith((b"\n", b"\r\n")):
        expected = (0, 1 + raw.startswith(b"\r"))
    else:
        expected = (raw.index(b"\n", blank.start()) + 1, blank.end()) if blank else None
    assert block_end(raw, 0, len(raw)) == expected


def test_the_digest_reads_the_header_of_a_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def counted(raw: bytes, start: int, end: int) -> list[RawField]:
        seen.append(start)
        return read_fields(raw, start, end)

    for module in (header_block, mime, instrumenting):
        monkeypatch.setattr(module, "read_fields", counted)
    tracker = Tracker(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example")
    submitted = Submitted(1, 2, 3, Via.RELAY, "alice@example.org", ("bob@example.net",))
    assert read_submission(submitted, MAIL, Policy(), tracker).submission.message.clicks
    assert seen == [0]
