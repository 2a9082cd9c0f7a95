"""An address is found in a file however it is written there."""

import base64
import io
import quopri
import zipfile

import pytest

from postlude.model.named_address import names_address
from postlude.services.privacy.file_texts import texts_of

BOB = "bob@customer.test"
MAIL = f"From: x@y.test\r\n\r\nI am {BOB}, with a broken leg\r\n".encode()


def packed(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/sharedStrings.xml", b"<si><t>" + data + b"</t></si>" * 40)
    return out.getvalue()


FORMS = {
    "plain": MAIL,
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(MAIL),
    "base64 in one line": b"x\r\n\r\n" + base64.b64encode(MAIL),
    "quoted-printable": b"x\r\n\r\n" + quopri.encodestring(MAIL.replace(b"bob@", b"bob=40")).replace(b"=3D40", b"=40"),
    "soft line end": b"x\r\n\r\nI am bob@custo=\r\nmer.test\r\n",
    "utf-16": MAIL.decode().encode("utf-16"),
    "utf-16-be": MAIL.decode().encode("utf-16-be"),
    "spreadsheet": packed(BOB.encode()),
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_it_is_found(data: bytes) -> None:
    assert any(names_address(text, BOB) for text in texts_of(data))


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_another_is_not(data: bytes) -> None:
    assert not any(names_address(text, "ob@customer.test") for text in texts_of(data))


@pytest.mark.parametrize("data", [b"PK\3\4 broken", b"", b"\xff\xfe", b"A" * 25, packed(b"x")[:-30]])
def test_a_broken_file_is_read_as_far_as_it_goes(data: bytes) -> None:
    assert list(texts_of(data))
