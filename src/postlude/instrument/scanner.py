"""Finds the tags that matter, with their positions, the way a browser's tokenizer would."""

import re
from typing import Final, NamedTuple

import msgspec

from postlude.instrument import grammar

LINK_TAGS: Final = frozenset((b"a", b"area"))


class Attribute(NamedTuple):
    """One attribute; `[start, end)` is the whole attribute, `[value_start, value_end)` its value without quotes."""

    name: bytes
    start: int
    end: int
    value_start: int
    value_end: int
    quote: str
    """`"`, `'`, or empty when the value has no quotes."""


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A start tag that matters."""

    name: bytes
    start: int
    end: int
    rest: int
    """Where its attributes begin."""
    outlook: bool
    """Inside a conditional comment, or VML: only Outlook follows it."""
    href: tuple[int, int] | None = None
    """Its double-quoted `href` value, where that is known already."""


class Scan:
    """Result of one pass over an HTML part. Linear in its length, whatever its content."""

    def __init__(self, data: bytes, pattern: re.Pattern[bytes] = grammar.FEW) -> None:
        self.data: Final = data
        self.links: Final[list[Tag]] = []
        self.label_end: Final[dict[int, int]] = {}
        self.images: Final[list[Tag]] = []
        self.tags: Final[list[tuple[bytes, bool, int, int, int]]] = []
        """With the ALL pattern: name, closing, start, end, rest of every tag."""
        self.body_open = -1
        """End of the first `<body>` tag."""
        self.body_close = -1
        """Start of the last `</body>`."""
        self.head_close = -1
        self.marker: tuple[int, int] | None = None
        self.inert_from: int | None = None
        """Where something begins that never ends; nothing behind it is live."""
        self._pattern = pattern
        self._all = pattern is grammar.ALL
        self._foreign = 0
        self._template: list[int] = []
        self._run(0, len(data), outlook=False)
        if self._template and self.inert_from is None:
            self.inert_from = self._template[0]

    def attributes(self, tag: Tag) -> list[Attribute]:
        """The tag's attributes, in order."""
        return attributes(self.data, tag.rest, tag.end - 1)

    def _run(self, at: int, end: int, *, outlook: bool) -> None:
        match_at = self._pattern.match
        data = self.data
        while at < end:
            match = match_at(data, at, end)
            assert match is not None  # every part of the pattern is optional
            kind = match.lastindex
            if kind == grammar.AT_LINK:
                at = self._regular_link(match, outlook=outlook)
            elif kind == grammar.AT_TAG:
                at = self._tag(match, end, outlook=outlook)
            elif kind == grammar.AT_COMMENT:
                at = self._comment(match.start(kind), end, outlook=outlook)
            elif kind == grammar.AT_CDATA:
                at = self._cdata(match.start(kind), end, outlook=outlook)
            elif kind == grammar.AT_END:
                start = match.start(kind)
                if start == match.end():
                    return
                if start == at:
                    self._unfinished(at, outlook=outlook)
                    return
                at = start  # one match skips only so many tags: seen from here the next may be a complete one
            else:
                at = match.end()

    def _unfinished(self, at: int, *, outlook: bool) -> None:
        if not outlook and self.inert_from is None:
            self.inert_from = at

    def _regular_link(self, match: re.Match[bytes], *, outlook: bool) -> int:
        """`<a name="value" href="value" ...>`, and its text and end tag where nothing else is between them."""
        start, after = match.span(1)
        links = self.links
        if links:
            self.label_end.setdefault(len(links) - 1, start)
        links.append(Tag(b"a", start, after, start + 2, outlook, match.span(2)))
        close = match.start(3)
        if close < 0:
            return after
        self.label_end[len(links) - 1] = close
        return match.end(3)

    def _tag(self, match: re.Match[bytes], end: int, *, outlook: bool) -> int:
        _, closing, found, behind = match.group(5, 6, 7, 8)
        name = found.lower()
        start, after = match.start(5), match.end()
        if self._all:
            self.tags.append((name, bool(closing), start, after, match.end(7)))
        if closing:
            self._end_tag(name, start, after, outlook=outlook)
            return after
        if name in LINK_TAGS or (name.startswith(b"v:") and b"href" in behind.lower()):
            tag = Tag(name, start, after, match.end(7), outlook or name.startswith(b"v:"))
            self._close_label(start)
            self.links.append(tag)
        elif name == b"img":
            self.images.append(Tag(name, start, after, match.end(7), outlook))
        elif name in grammar.RAW and not self._foreign:
            return self._raw(name, start, after, end, outlook=outlook)
        elif name in grammar.FOREIGN:
            if not behind.endswith(b"/>"):
                self._foreign += 1
        elif not outlook:
            self._place(name, start, after)
        return after

    def _place(self, name: bytes, start: int, after: int) -> None:
        """Record marks for the pixel's place."""
        if name == b"body" and self.body_open < 0 and not self._template:
            self.body_open = after
        elif name == b"template" and not self._foreign:
            self._template.append(start)

    def _end_tag(self, name: bytes, start: int, after: int, *, outlook: bool) -> None:
        if name in LINK_TAGS or name.startswith(b"v:"):
            self._close_label(start)
        elif name in grammar.FOREIGN:
            self._foreign = max(0, self._foreign - 1)
        elif outlook:
            return
        elif name == b"template" and self._template:
            self._template.pop()
        elif name == b"body" and not self._template:
            self.body_close = start
        elif name == b"head" and self.head_close < 0:
            self.head_close = after

    def _close_label(self, at: int) -> None:
        if self.links:
            self.label_end.setdefault(len(self.links) - 1, at)

    def _comment(self, at: int, end: int, *, outlook: bool) -> int:
        data = self.data
        if data.startswith((b"<!-->", b"<!--->"), at):
            return data.index(b">", at) + 1
        close = grammar.COMMENT_END.search(data, at + 4, end)
        if close is None:
            self._unfinished(at, outlook=outlook)
            return end
        if not outlook:
            opened = grammar.CONDITION.match(data, at, close.start())
            if opened is not None:
                foreign, self._foreign = self._foreign, 0
                self._run(opened.end(), close.start(), outlook=True)
                self._foreign = foreign
            elif self.marker is None and not self._template and grammar.MARKER.fullmatch(data, at, close.end()):
                self.marker = (at, close.end())
        return close.end()

    def _cdata(self, at: int, end: int, *, outlook: bool) -> int:
        # Only in foreign content; elsewhere it is a bogus comment up to the next `>`.
        close = b"]]>" if self._foreign else b">"
        found = self.data.find(close, at, end)
        if found < 0:
            self._unfinished(at, outlook=outlook)
            return end
        return found + len(close)

    def _raw(self, name: bytes, start: int, at: int, end: int, *, outlook: bool) -> int:
        """Skip the text of an element without tags, up to its end tag."""
        if name == b"plaintext":
            close = None
        elif name == b"script":
            close = _script_end(self.data, at, end)
        else:
            close = grammar.RAW_END[name].search(self.data, at, end)
        done = close and grammar.END_OF_TAG.match(self.data, close.end(), end)
        if not done:
            self._unfinished(start, outlook=outlook)
            return end
        return done.end()


def _script_end(data: bytes, at: int, end: int) -> re.Match[bytes] | None:
    """The `</script` that ends a script: one inside `<!-- <script>` does not (WHATWG 13.2.5.17-31)."""
    escaped = doubly = False
    while step := grammar.SCRIPT_STEP.search(data, at, end):
        word = step[0].lower()
        at = step.end()
        if word == b"<!--":
            if not escaped:
                escaped, at = True, step.start() + 2  # `<!-->` opens and closes
        elif word == b"-->":
            escaped = doubly = False
        elif word == b"<script":
            doubly = doubly or escaped
        elif not doubly:
            return step
        else:
            doubly = False
    return None


def attributes(data: bytes, at: int, end: int) -> list[Attribute]:
    """Attributes in `data[at:end]`, the inside of a complete tag; of two with one name the first counts."""
    found: list[Attribute] = []
    for match in grammar.ATTRIBUTES.finditer(data, at, end):
        start = match.start(1)
        value_start, value_end = match.span(2)
        quote = data[value_start : value_start + 1].decode("latin-1") if value_end > value_start else ""
        if quote in {'"', "'"} and quote:
            value_start, value_end = value_start + 1, value_end - 1
        else:
            quote = ""
        found.append(Attribute(match[1].lower(), start, match.end(), value_start, value_end, quote))
    return found
