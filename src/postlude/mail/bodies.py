"""What a mail shows: its HTML, its text and the images it carries. Every byte string is a mail, nothing raises."""

import re
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from typing import Final, NamedTuple
from urllib.parse import unquote

from postlude.mail.charset import charset_of, for_part
from postlude.mail.content_type import ContentType, read_content
from postlude.mail.header_block import HeaderBlock
from postlude.mail.limits import DEPTH, HEAD_BYTES, PARTS, SHOWN_BYTES
from postlude.mail.transfer_encoding import decode_body

_CID: Final = re.compile(r"""(?<=["'(=\s])cid:([^"'()\s>]+)""", re.IGNORECASE)
_DELIMITER_END: Final = re.compile(rb"(--)?[ \t]*+(?=\r?\n|\Z)")
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_PLAIN: Final = ContentType("text/plain", {})


class Leaf(NamedTuple):
    """One leaf part, not decoded yet."""

    content: ContentType
    attached: bool
    content_id: str
    encoding: str
    body: bytes

    def data(self) -> bytes:
        """The body with its transfer encoding undone; what cannot be decoded stays as it is."""
        return decode_body(self.encoding, self.body)

    def data_url(self) -> str:
        """The data inside a URL."""
        return f"data:{self.content.kind};base64,{b64encode(self.data()).decode('ascii')}"

    def text(self) -> str:
        """The data as text, in its charset or the one that its bytes show."""
        data, declared = self.data(), self.content.parameters.get("charset", "").strip().lower()
        codec = for_part(declared, data, html=self.content.kind in _HTML) or charset_of(declared) or "utf-8"
        return data.decode(codec, "replace")


class Bodies(NamedTuple):
    """What a mail shows."""

    html: str | None
    text: str | None
    images: dict[str, Leaf]
    """By Content-ID, without `<>`."""

    def html_with_images(self, room: int = SHOWN_BYTES) -> str:
        """The HTML with its `cid:` images as data URLs, up to `room` characters of them; empty without HTML."""
        urls: dict[str, str] = {}

        def shown(match: re.Match[str]) -> str:
            nonlocal room
            name = unquote(unescape(match[1]))
            if name not in urls:
                urls[name] = self.images[name].data_url() if name in self.images else ""
            if not urls[name] or len(urls[name]) > room:
                return match[0]
            room -= len(urls[name])
            return urls[name]

        return _CID.sub(shown, self.html or "") if self.images else self.html or ""


def read_bodies(raw: bytes) -> Bodies:
    """The first HTML and the first text that are not attachments; at most PARTS parts, DEPTH deep, are examined."""
    html: Leaf | None = None
    text: Leaf | None = None
    images: dict[str, Leaf] = {}
    for leaf in leaf_parts(raw):
        kind = leaf.content.kind
        if kind in _HTML and not leaf.attached:
            html = html or leaf
        elif kind == "text/plain" and not leaf.attached:
            text = text or leaf
        elif leaf.content_id and kind.startswith("image/"):
            images.setdefault(leaf.content_id, leaf)
    return Bodies(html and html.text(), text and text.text(), images)


def leaf_parts(raw: bytes, head: HeaderBlock | None = None) -> Iterator[Leaf]:
    """The leaf parts of a mail, in order; attached mail is not opened. `head`: of `raw`, if it was read before."""
    return _Walk().part(raw, 0, head)


class _Walk:
    def __init__(self) -> None:
        self._left = PARTS

    def part(self, raw: bytes, depth: int, known: HeaderBlock | None = None) -> Iterator[Leaf]:
        self._left -= 1
        head = known or HeaderBlock(raw[:HEAD_BYTES])
        body = raw[head.end :].removeprefix(b"\r").removeprefix(b"\n")
        content = read_content(head.first("content-type")) if head.first("content-type") else _PLAIN
        boundary = content.parameters.get("boundary", "").rstrip()
        if content.kind.startswith("multipart/") and boundary and depth < DEPTH:
            for piece in self._pieces(body, boundary):
                yield from self.part(piece, depth + 1)
            return
        yield Leaf(
            content,
            read_content(head.first("content-disposition")).kind == "attachment",
            head.first("content-id").strip("<> "),
            head.first("content-transfer-encoding").strip().lower(),
            body,
        )

    def _pieces(self, body: bytes, boundary: str) -> Iterator[bytes]:
        start = -1
        for at, match in _delimiters(body, b"--" + boundary.encode("utf-8", "surrogateescape")):
            if start >= 0:
                yield body[start : max(start, at - 1)].removesuffix(b"\r")
            if match[1] or self._left <= 0:
                return
            start = match.end()
            start += 2 if body.startswith(b"\r\n", start) else 1
        if start >= 0:
            yield body[start:]


def _delimiters(body: bytes, mark: bytes) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Where a line begins with the mark and holds nothing more than an end, and that end.

    The mark is searched as it is: a pattern made of it would be compiled, at the length that its author chose.
    """
    line = b"\n" + mark
    at: int | None = 0 if body.startswith(mark) else body.find(line) + 1 or None
    while at is not None:
        if match := _DELIMITER_END.match(body, at + len(mark)):
            yield at, match
        at = body.find(line, at) + 1 or None
