"""The lenient reader: charsets as mail names them, words cut in two, multiparts without their boundary."""

import pytest

from postlude.feedback.mime import decode_any_words, decode_text, read


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-8-i", b"\xf9\xec\xe5\xed", "\u05e9\u05dc\u05d5\u05dd"),
        ("ISO-8859-8-E", b"\xf9\xec\xe5\xed", "\u05e9\u05dc\u05d5\u05dd"),
        ("gb2312", b"\xd3\xca\xbc\xfe", "\u90ae\u4ef6"),
        ("ks_c_5601-1987", b"\xc7\xd1\xb1\xdb", "\ud55c\uae00"),
        ("windows-31j", b"\x93\xfa\x96\x7b", "\u65e5\u672c"),
        ("windows-874", b"\xca\xc7\xd1\xca", "\u0e2a\u0e27\u0e31\u0e2a"),
        ("utf8mb4", "\u00fc".encode(), "\u00fc"),
        ("no-such-charset", "\u00fc".encode(), "\u00fc"),
        ("no-such-charset", b"\xfc", "\u00fc"),
    ],
)
def test_charsets_by_the_names_mail_uses(charset: str, data: bytes, text: str) -> None:
    assert decode_text(data, charset) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?a=D0=?= =?utf-8?q?=B91?=", "a\u04391"),
        ("=?utf-8?b?w4Q=?= =?UTF-8?Q?=C3?= =?utf-8?b?lg==?=", "\u00c4\u00d6"),
        ("=?utf-8?q?=C3=84?= =?iso-8859-1?q?=D6?=", "\u00c4\u00d6"),
        ("Re: =?utf-8?q?=C3=84?= and =?utf-8?q?=C3=96?=", "Re: \u00c4 and \u00d6"),
        ("=?utf-8?q?half", "=?utf-8?q?half"),
    ],
)
def test_a_character_may_be_cut_over_two_words(value: str, text: str) -> None:
    assert decode_any_words(value) == text


def test_a_multipart_without_a_boundary_line_is_its_one_text() -> None:
    mail = read(b'Content-Type: multipart/report; boundary="gone"\n\nThe mail failed.\n<bob@customer.example>: no\n')
    assert [part.text() for part in mail.walk() if part.type == "text/plain"] == [
        "The mail failed.\n<bob@customer.example>: no\n"
    ]
