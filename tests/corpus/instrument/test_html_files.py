"""Every collected HTML file: only values and the pixel change, tracking twice adds nothing, browsers see the pixel."""

import json
import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from mails.collected import CORPUS, each
from mails.minting import EVERYTHING, html, pixel, track
from mails.unsplice import html as unsplice
from mails.unsplice import message as unsplice_message
from mails.written import ENCODINGS, mail, multipart, part


@each(".html", ".htm")
def test_only_values_and_the_pixel_change(file: Path) -> None:
    raw = file.read_bytes()
    tracked, links = html(raw, EVERYTHING)
    assert unsplice(raw, tracked) == raw
    again, seen = html(tracked, EVERYTHING)
    assert again == tracked
    assert [link.url for link in seen] == [link.url for link in links]


@each(".html", ".htm")
def test_the_pixel_is_live(file: Path) -> None:
    tracked, _ = html(file.read_bytes(), EVERYTHING)
    images = LexborHTMLParser(tracked).css(f'img[src="{pixel()}"]')
    assert len(images) == 1


def traps() -> list[dict[str, object]]:
    path = CORPUS / "html_traps.json"
    return json.loads(path.read_text()) if path.exists() else []


@pytest.mark.parametrize("trap", traps(), ids=lambda trap: trap["id"])
def test_traps(trap: dict[str, str | list[str]]) -> None:
    raw = str(trap["html"]).encode()
    tracked, links = html(raw)
    assert [link.url for link in links if link.tracked and link.where != "outlook"] == trap["tracked"]
    assert unsplice(raw, tracked) == raw


@each(".html", ".htm")
def test_in_a_message(file: Path) -> None:
    for encoding, newline in (*((one, b"\r\n") for one in ENCODINGS), ("quoted-printable", b"\n")):
        body = re.sub(rb"\r?\n", newline, file.read_bytes())
        raw = mail(multipart([part(body, "text/html; charset=utf-8", encoding, newline)], newline=newline), newline)
        done = track(raw, EVERYTHING)
        assert done.opens
        assert unsplice_message(raw, done.message) == raw
        assert track(done.message, EVERYTHING).message == done.message
        assert too_long(done.message, encoding) <= too_long(raw, encoding)


def too_long(raw: bytes, encoding: str) -> int:
    """Octets by which lines are longer than their encoding allows; such files there are, and they get no worse.

    A line that was too long may be broken where a link in it grows: more lines then, but less that is too long.
    """
    limit = 998 if encoding == "8bit" else 76
    return sum(max(0, len(line) - limit) for line in re.split(rb"\r?\n", raw))
