"""Which codec reads a part: what it declares, what its bytes show, and what cannot be read as ASCII."""

import pytest

from postlude.mail.charset import decode_text, for_part


@pytest.mark.parametrize(
    ("declared", "body", "expected"),
    [
        ("iso-8859-1", b"x", "iso8859-1"),
        ("utf-8", b"x", "utf-8"),
        ("", "Grüezi".encode(), "utf-8"),
        ("", "Grüezi".encode("cp1252"), "cp1252"),
        ("utf-16", b"x", None),
        ("", b"\x1b$B", None),
    ],
)
def test_the_codec_of_a_part(declared: str, body: bytes, expected: str | None) -> None:
    assert for_part(declared, body) == expected


def test_html_may_say_its_charset_itself() -> None:
    assert for_part("", b'<meta charset="iso-8859-2">', html=True) == "iso8859-2"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-8-i", b"\xf9\xec\xe5\xed", "\u05e9\u05dc\u05d5\u05dd"),
        ("ISO-8859-8-E", b"\xf9\xec\xe5\xed", "\u05e9\u05dc\u05d5\u05dd"),
        ("gb2312", b"\xd3\xca\xbc\xfe", "\u90ae\u4ef6"),
        ("ks_c_5601-1987", b"\xc7\xd1\xb1\xdb", "\ud55c\uae00"),
        ("windows-31j", b"\x93\xfa\x96\x7b", "\u65e5\u672c"),
        ("windows-874", b"\xca\xc7\xd1\xca", "\u0e2a\u0e27\u0e31\u0e2a"),
        ("x-mac-cyrillic", b"\x8f\xf0\xe8\xe2\xe5\xf2", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        ("x-mac-centraleurroman", b"\x8b", "\u010d"),
        ("x-windows-1251", b"\xcf", "\u041f"),
        ("windows1251", b"\xcf", "\u041f"),
        ("win-1250", b"\xe8", "\u010d"),
        ("cp-1251", b"\xcf", "\u041f"),
        ("x-euc-jp", b"\xc6\xfc", "\u65e5"),
        ("x-user-defined", b"\xfc", "\u00fc"),
        ("dos-866", b"\x8f", "\u041f"),
        ("utf8mb4", "\u00fc".encode(), "\u00fc"),
        ("no-such-charset", "\u00fc".encode(), "\u00fc"),
        ("no-such-charset", b"\xfc", "\u00fc"),
    ],
)
def test_charsets_by_the_names_mail_uses(charset: str, data: bytes, text: str) -> None:
    assert decode_text(data, charset) == text
