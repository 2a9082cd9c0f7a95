"""Which codec reads a part: what it declares, what its bytes show, and what cannot be read as ASCII."""

import pytest

from postlude.mail.charset import for_part


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
