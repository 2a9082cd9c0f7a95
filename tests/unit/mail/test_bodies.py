from email import policy
from email.message import EmailMessage

import pytest

from postlude.mail.bodies import leaf_parts, read_bodies
from postlude.mail.limits import PARTS
from support.present import present
from support.processor import bounded_processor_time


def rich() -> bytes:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["Subject"] = "a@example.org", "x"
    mail.set_content("Grüße in text")
    mail.add_alternative('<p>Grüße</p><img src="cid:a%40b">', subtype="html")
    present(mail.get_body(("html",))).add_related(b"GIF89a", "image", "gif", cid="<a@b>")
    mail.add_attachment("not the text", filename="a.txt")
    return mail.as_bytes()


def test_html_and_text_are_found() -> None:
    bodies = read_bodies(rich())
    assert bodies.html is not None
    assert "Grüße" in bodies.html
    assert bodies.text is not None
    assert bodies.text.strip() == "Grüße in text"


def test_an_attached_text_is_not_the_text() -> None:
    mail = EmailMessage()
    mail.add_attachment("attached", filename="a.txt")
    assert read_bodies(mail.as_bytes()).text is None


def test_images_become_data_urls() -> None:
    assert 'src="data:image/gif;base64,R0lGODlh"' in read_bodies(rich()).html_with_images()


def test_an_image_named_many_times_does_not_grow_the_page_without_end() -> None:
    mail = EmailMessage(policy=policy.SMTP)
    mail.set_content('<img src="cid:a">' * 10_000, subtype="html")
    mail.add_related(bytes(1 << 20), "image", "gif", cid="<a>")
    assert len(read_bodies(mail.as_bytes()).html_with_images()) < 20 << 20


@pytest.mark.parametrize(
    ("head", "body", "text"),
    [
        (b"", b"plain", "plain"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"Gr\xfc\xdfe", "Grüße"),
        (b"Content-Type: text/plain; charset=nonsense\r\n", b"x", "x"),
        (b"Content-Type: text/plain; charset*=us-ascii'en'utf-8\r\n", "ü".encode(), "ü"),
        (b"Content-Type: text/plain; charset*0=iso-8859; charset*1=-1\r\n", b"\xfc", "ü"),
        (b"Content-Transfer-Encoding: BASE64\r\n", b"R3LDvMOfZQ", "Grüße"),
        (b"Content-Transfer-Encoding: quoted-printable\r\n", b"Gr=C3=BC=\r\n=C3=9Fe", "Grüße"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\nfirst\r\n--b\r\n\r\nsecond\r\n--b--", "first"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\ncut off", "cut off"),
    ],
)
def test_text_is_decoded(head: bytes, body: bytes, text: str) -> None:
    assert read_bodies(head + b"\r\n" + body).text == text


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\xff" * 100, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"])
def test_what_is_hardly_a_mail_gives_no_error(raw: bytes) -> None:
    assert read_bodies(raw).html is None


def test_parts_are_bounded() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000
    assert len(list(leaf_parts(raw))) < PARTS


def nested(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))


HOSTILE = {
    "parameters": b"Content-Type: text/html" + b"".join(b"; a*%d*=utf-8''x" % n for n in range(20_000)) + b"\r\n\r\nx",
    "quotes": b"Content-Type: text/html" + b';a="' * 200_000 + b"\r\n\r\nx",
    "blanks": b"Content-Type: text/html;" + b" " * 800_000 + b"\r\n\r\nx",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\r\n\r\nx",
    "header lines": b"a: b\r\n" * 500_000 + b"\r\nx",
    "parts in parts": nested(20_000),
    "a line without a colon": b"a" * 4_000_000 + b"\r\n\r\nx",
    "delimiters that are none": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"\n--bx" * 800_000,
    "a delimiter of any length": b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n" % (b"-" * 200_000)
    + b"-" * 4_000_000,
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A \r\n" * 1_000_000,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_hostile_mail_is_read_at_once(shape: str) -> None:
    with bounded_processor_time():
        read_bodies(HOSTILE[shape])
