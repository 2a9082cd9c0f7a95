from email.header import Header, decode_header, make_header

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from postlude.mail.encoded_words import as_shown, decode_words
from support.processor import bounded_processor_time


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?= x", "Grüße x"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= and =?utf-8?q?b?=", "a and b"),
        ("=?iso-8859-1?q?=E4?=\r\n =?utf-8?q?=C3=B6?=", "äö"),
        ("=?utf-8*de?q?a_b?=", "a b"),
        ("=?iso-8859-8-i?b?+ezl7Q==?=", "שלום"),
        ("=?iso-8859-8-e?b?+ezl7Q==?=", "שלום"),
        ("=?utf-8?q?Gr=C3?= =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?q?a=D0=?= =?utf-8?q?=B91?=", "a\u04391"),
        ("=?utf-8?b?w4Q=?= =?UTF-8?Q?=C3?= =?utf-8?b?lg==?=", "\u00c4\u00d6"),
        ("=?utf-8?q?=C3=84?= =?iso-8859-1?q?=D6?=", "\u00c4\u00d6"),
        ("Re: =?utf-8?q?=C3=84?= and =?utf-8?q?=C3=96?=", "Re: \u00c4 and \u00d6"),
        ("=?utf-8?q?half", "=?utf-8?q?half"),
        ("=?utf-8?q?two words?=", "two words"),
        ("=?unknown-8bit?q?=C3=BC?=", "ü"),
        ("=?unknown-8bit?q?=FC?=", "\ufffd"),
        ("=?us-ascii?q?=C3=BC?=", "ü"),
    ],
)
def test_words_are_read(value: str, text: str) -> None:
    assert decode_words(value) == text


def test_a_word_of_an_unknown_charset_stays_as_it_came() -> None:
    assert decode_words("a =?nonsense?q?x?= b") == "a =?nonsense?q?x?= b"


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "unicode_escape", "rot13", "zlib", "bz2", "hex"])
def test_what_is_no_charset_of_mail_is_not_used(charset: str) -> None:
    assert decode_words(f"=?{charset}?q?xn--abc?=") == f"=?{charset}?q?xn--abc?="


def test_damaged_words_give_text_and_no_error() -> None:
    assert decode_words("=?utf-8?b?!!!?= =?utf-8?q?=FF=?=") == "\ufffd"


def test_a_header_is_shown_on_one_line() -> None:
    assert as_shown("=?utf-8?q?a=0D=0Ab?=\r\n c") == "a b c"


@pytest.mark.parametrize(
    "unit",
    [
        "=?utf-8?q?a?= ",
        "=?utf-8?b?4?= ",
        "=?",
        "=?a?q?",
        "?=",
        "=?utf-8?q?=E4?=",
        "=?x?q?a?=",
        "=?utf-8*",
        "=?utf-7?b?K?=",
    ],
)
def test_a_long_subject_is_read_at_once(unit: str) -> None:
    with bounded_processor_time():  # the standard library takes half a minute at a tenth of it, or gigabytes
        as_shown(unit * (700_000 // len(unit)))


@given(st.text("aß漢字 é?=_", max_size=60), st.sampled_from(["utf-8", "iso-2022-jp", "gb18030", "iso-8859-1"]))
def test_what_the_standard_library_writes_is_read_back(text: str, charset: str) -> None:
    try:
        written = Header(text, charset, maxlinelen=60).encode()
    except UnicodeError:
        reject()
    assert decode_words(written.replace("\n", "")) == str(make_header(decode_header(written)))
