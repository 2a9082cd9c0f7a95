from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.kit.ids import id_text
from postlude.services.messages.view_page import LARGEST, ViewPages, as_page
from support.processor import bounded_processor_time

PICTURE = b"--b\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
RELATED = (
    b"From: a@x.example\r\nBcc: hidden@x.example\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/related; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b'<p>Gr=C3=BCezi <img src=3D"cid:pic"></p>\r\n' + PICTURE + b"--b--\r\n"
)


def mail(kind: str, body: bytes, more: str = "") -> bytes:
    return f"From: a@x.example\r\nContent-Type: {kind}\r\n{more}\r\n".encode() + body


def test_html_is_shown_with_the_pictures_it_carries() -> None:
    page = (as_page(RELATED) or b"").decode()
    assert "Grüezi" in page
    assert 'src="data:image/png;base64,AAAA"' in page
    assert "hidden" not in page


def test_text_is_escaped() -> None:
    page = as_page(mail("text/plain", b"a <b> & c\r\n")) or b""
    assert b"a &lt;b&gt; &amp; c" in page


def test_html_is_preferred_to_text() -> None:
    both = b"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>rich\r\n--b--\r\n"
    assert as_page(mail("multipart/alternative; boundary=b", both)) == b"<p>rich"


def test_an_attachment_is_not_the_mail() -> None:
    attached = mail("text/html", b"<p>x", "Content-Disposition: attachment; filename=a.html\r\n")
    assert as_page(attached) is None


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252"])
def test_other_charsets_become_utf_8(charset: str) -> None:
    assert as_page(mail(f"text/html; charset={charset}", "<p>Grüezi".encode(charset))) == "<p>Grüezi".encode()


def test_a_picture_that_is_named_often_does_not_make_the_page_grow_without_bound() -> None:
    picture = PICTURE.replace(b"AAAA", b"A" * 40_000)
    page = b"<img src='cid:pic'>" * 2_000
    html = b"--b\r\nContent-Type: text/html\r\n\r\n" + page + b"\r\n"
    made = as_page(mail("multipart/related; boundary=b", html + picture + b"--b--\r\n"))
    assert made is not None
    assert len(made) <= LARGEST
    assert b"cid:pic" in made


def test_a_mail_beyond_the_limit_gets_no_page() -> None:
    assert as_page(mail("text/html", b"x" * LARGEST)) is None


@pytest.mark.parametrize(
    "kind",
    [
        "text/html; " + " ".join(f"a*{n}*=utf-8''{'x' * 10};" for n in range(20_000)),
        "text/html; " + 'a="\\' * 100_000,
        "text/html;" + " ;" * 200_000,
        "multipart/mixed; boundary=" + "b" * 300_000,
    ],
    ids=["continued", "quoted", "empty", "boundary"],
)
def test_a_content_type_of_any_length_costs_no_more_than_its_length(kind: str) -> None:
    with bounded_processor_time():
        as_page(mail(kind, b"<p>x"))


@given(st.integers(0, 600), st.integers(0, 600), st.binary(max_size=20))
def test_any_damage_has_an_answer(start: int, length: int, junk: bytes) -> None:
    page = as_page(RELATED[:start] + junk + RELATED[start + length :])
    assert page is None or page.decode().encode() == page  # UTF-8, whatever came


def test_the_page_is_made_once_and_is_a_file(tmp_path: Path) -> None:
    pages = ViewPages(tmp_path)
    assert pages.make(7, mail("text/html", b"<p>first"))
    assert pages.make(7, mail("text/html", b"<p>second"))
    assert (tmp_path / f"{id_text(7)}.html").read_bytes() == b"<p>first"


def test_a_disk_that_refuses_is_logged_and_holds_up_no_mail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "views"
    folder.write_text("in the way")
    assert not ViewPages(folder).make(7, mail("text/html", b"<p>x"))
    assert "is sent without a view in browser" in caplog.text
