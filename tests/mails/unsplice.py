"""Takes what instrumenting added out of a message again, knowing nothing of how it was put in.

It finds our URLs in the tracked body and walks the original beside it: between them every byte must be the same, and
where the original has a value instead of a tracked URL, that value must say the destination (html5lib's tokenizer reads
it). What it returns is the tracked body with the original's values put back: equal to the original, or something else
was changed.
"""

import re
from base64 import b64decode
from binascii import a2b_qp
from email.message import Message
from urllib.parse import unquote

from html5lib._tokenizer import HTMLTokenizer

from mails.minting import BASE
from postlude.instrument import mime
from postlude.mail.charset import for_part

_OURS = re.compile(
    rb'<img\s+src="' + re.escape(BASE.encode()) + rb'/i/[\w-]{36}\.gif"[^<>]*>|'
    rb"(?P<link>" + re.escape(BASE.encode()) + rb"/l/[\w-]{36}/\d+\.[\w-]{11}/(?P<to>[\w%.~-]+))"
)
_MARKER = re.compile(rb"<!--\s*postlude:pixel\s*-->", re.IGNORECASE)
_SPACE = re.compile(r"[\t\n\r]")


class DifferentError(AssertionError):
    """The bytes outside of our URLs are not those of the original."""


def html(original: bytes, tracked: bytes, charset: str = "utf-8") -> bytes:
    """The tracked HTML with our URLs taken out."""
    out: list[bytes] = []
    at = done = 0  # in the original, in the tracked one
    for ours in _OURS.finditer(tracked):
        kept = tracked[done : ours.start()]
        kept = _same(original, at, kept) if ours["link"] else _same_before_pixel(original, at, kept)
        out.append(kept)
        at += len(kept)
        gap = _value(original, at, ours, charset) if ours["link"] else _pixel_place(original, at)
        out.append(gap)
        at += len(gap)
        done = ours.end()
    return b"".join([*out, _rest(original, at, tracked[done:])])


def _same(original: bytes, at: int, kept: bytes) -> bytes:
    """`kept`, as it stands in the original; a line end may have been added inside a tag to keep lines short."""
    tries = [kept]
    for _ in range(2):
        tries += [new for each in tries for new in (_without_first_line_end(each), _without_last_line_end(each)) if new]
    for each in tries:
        if original.startswith(each, at):
            return each
    size = next((n for n, (a, b) in enumerate(zip(kept, original[at:], strict=False)) if a != b), len(kept))
    raise DifferentError(f"at {at + size}: {original[at + size :][:80]!r} became {kept[size:][:80]!r}")


def _same_before_pixel(original: bytes, at: int, kept: bytes) -> bytes:
    """As `_same`; in a line that is full the pixel begins a line of its own."""
    bare = re.sub(rb"\r?\n\Z", b"", kept)
    if bare != kept and not original.startswith(kept, at):
        return _same(original, at, bare)
    return _same(original, at, kept)


def _rest(original: bytes, at: int, kept: bytes) -> bytes:
    same = _same(original, at, kept)
    if at + len(same) != len(original):
        raise DifferentError(f"{original[at + len(same) :][:80]!r} is lost at the end")
    return same


def _without_first_line_end(kept: bytes) -> bytes:
    """A line end directly behind the value's quote, or before the `>` behind it."""
    return re.sub(rb"\A([\"']?)\r?\n", rb"\1", kept, count=1)


def _without_last_line_end(kept: bytes) -> bytes:
    """A line end directly before the attribute whose value follows."""
    return re.sub(rb"\r?\n(?=(?i:href)\s*=\s*[\"']?\Z)", b"", kept)


def _pixel_place(original: bytes, at: int) -> bytes:
    marker = _MARKER.match(original, at)
    return marker[0] if marker else b""


def _value(original: bytes, at: int, ours: re.Match[bytes], charset: str) -> bytes:
    """The attribute's value in the original."""
    quote = ours.string[ours.start() - 1 : ours.start()]
    if quote not in {b'"', b"'"} or not original.startswith(quote, at - 1):
        quote = b""
    end = re.compile(quote or rb"[\t\n\f\r >]").search(original, at)
    assert end is not None
    value = original[at : end.start()]
    mark = quote.decode()
    text = value.decode(charset, "surrogateescape")
    (tag,) = (t for t in HTMLTokenizer(f"<a href={mark}{text}{mark}>") if t["type"] == 3)
    reported = _SPACE.sub("", tag["data"]["href"]).strip("".join(map(chr, range(0x21))))
    wanted = unquote(ours["to"].decode(), errors="surrogateescape")
    if charset == "utf-8" and reported != wanted:
        raise DifferentError(f"{value!r} says {reported!r}, but leads to {wanted!r}")
    return value


def text(original: bytes, tracked: bytes, charset: str = "utf-8") -> bytes:
    """The tracked plain text with our URLs taken out: each stands for its destination, as it was written."""
    out: list[bytes] = []
    at = done = 0
    for ours in _OURS.finditer(tracked):
        kept = tracked[done : ours.start()]
        written = unquote(ours["to"].decode(), errors="surrogateescape").encode(charset, "surrogateescape")
        if not original.startswith(kept + written, at):
            raise DifferentError(f"at {at}: {original[at:][:80]!r} became {(kept + written)[:80]!r}")
        out += (kept, written)
        at += len(kept) + len(written)
        done = ours.end()
    if original[at:] != tracked[done:]:
        raise DifferentError(f"at {at}: {original[at:][:80]!r} became {tracked[done:][:80]!r}")
    return b"".join([*out, tracked[done:]])


def without_soft_breaks(body: bytes) -> bytes:
    """A quoted-printable body in its longest lines: an escape never crosses a soft line break."""
    return re.sub(rb"=[ \t]*\r?\n", b"", body)


def quoted_printable(original: bytes, tracked: bytes, charset: str = "utf-8") -> bytes:
    """As `html`, of quoted-printable bodies, in their encoded form without soft line breaks."""
    out: list[bytes] = []
    before, after = without_soft_breaks(original), without_soft_breaks(tracked)
    at = done = 0
    for ours in _ENCODED.finditer(after):
        kept = _same(before, at, after[done : ours.start()])
        out.append(kept)
        at += len(kept)
        gap = b"" if ours["link"] is None else _encoded_value(before, at, ours, charset)
        out.append(gap)
        at += len(gap)
        done = ours.end()
    return b"".join([*out, _rest(before, at, after[done:])])


_ENCODED = re.compile(
    rb'<img(?: |=0A|\r?\n)src=3D"' + re.escape(BASE.encode()) + rb'/i/[\w-]{36}\.gif"[^<>]*>|'
    rb"(?P<link>" + re.escape(BASE.encode()) + rb"/l/[\w-]{36}/\d+\.[\w-]{11}/(?P<to>[\w%.~-]+))"
)


def _encoded_value(before: bytes, at: int, ours: re.Match[bytes], charset: str) -> bytes:
    quote, escaped = ours.string[ours.start() - 1 : ours.start()], ours.string[ours.start() - 3 : ours.start()]
    quote = escaped if escaped in {b"=22", b"=27"} else quote
    end = re.compile(quote if quote in {b'"', b"'", b"=22", b"=27"} else rb"[\t\n\f\r >]").search(before, at)
    assert end is not None
    value = before[at : end.start()]
    plain = b'"' + a2b_qp(before[at : end.end()])[:-1] + b'"'  # with what follows: a last `=` alone would be dropped
    match = _OURS.match(b'"' + ours["link"], 1)
    assert match is not None
    _value(plain, 1, match, charset)
    return value


def message(original: bytes, tracked: bytes) -> bytes:
    """The tracked message with our URLs taken out of its parts, which are found in both by where they lie."""
    before, after = list(mime.parts(original)), list(mime.parts(tracked))
    assert [(p.path, p.content_type, p.encoding, p.reason) for p in before] == [
        (p.path, p.content_type, p.encoding, p.reason) for p in after
    ]
    out: list[bytes] = []
    at = done = 0
    for one, other in zip(before, after, strict=True):
        out.append(tracked[done : other.start])
        assert original[at : one.start] == out[-1]
        out.append(_part(one, original[one.start : one.end], tracked[other.start : other.end]))
        at, done = one.end, other.end
    assert original[at:] == tracked[done:]
    return b"".join([*out, tracked[done:]])


def _part(part: mime.MimePart, original: bytes, tracked: bytes) -> bytes:
    if original == tracked:
        return original
    body = a2b_qp(original) if part.encoding == "quoted-printable" else original
    charset = for_part(part.charset, body, html=part.content_type != "text/plain") or "utf-8"
    inside = text if part.content_type == "text/plain" else html
    if part.encoding == "base64":
        before, after = b64decode(original), b64decode(tracked)
        assert inside(before, after, charset) == before
    elif part.encoding == "quoted-printable" and part.content_type == "text/plain":
        assert text(a2b_qp(original), a2b_qp(tracked), charset) == a2b_qp(original)
    elif part.encoding == "quoted-printable":
        assert quoted_printable(original, tracked, charset) == without_soft_breaks(original)
    else:
        return inside(original, tracked, charset)
    return original


def shape(message: Message) -> list[tuple[str, str | None, str]]:
    """Type, charset and transfer encoding of every part, as the standard library reads them."""
    return [
        (part.get_content_type(), part.get_content_charset(), str(part.get("content-transfer-encoding", "")))
        for part in message.walk()
    ]
