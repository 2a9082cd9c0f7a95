"""HTML as text: of a reply with what it quotes marked by `>`, so that the rules for plain text part both.

Reads tags one after the other and never goes back: linear, whatever is unclosed or nested wrongly.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_TOKEN: Final = re.compile(
    r"[^<]++|<(/?[a-zA-Z][a-zA-Z0-9:-]{0,40})(?:[^<>\"']*+(?:\"[^\"<>]*+\"|'[^'\"<>]*+'))*+[^<>\"']*+>|<"
)
"""Text, or a tag whose quotation marks are paired and hold no bracket: nearly all there is, read at once."""
_BLOCKS: Final = frozenset(
    {
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "br",
            "center",
            "dd",
            "div",
            "dl",
            "dt",
            "fieldset",
            "footer",
            "form",
        ),
        *("form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("table", "tbody", "tfoot", "thead", "tr", "ul"),
    }
)
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "table"})
_HIDDEN: Final = frozenset({"style", "script", "head", "title", "template", "noscript"})
_CELLS: Final = frozenset({"td", "th", "/td", "/th"})
_BREAKING: Final = _BLOCKS | {f"/{name}" for name in _BLOCKS}
_BLANKING: Final = _PARAGRAPHS | {f"/{name}" for name in _PARAGRAPHS}
_QUOTES: Final = re.compile(
    r"\b(?:class|id)\s*=\s*[\"']?[^\"'>]*(?:yahoo_quoted|ydp\w{0,20}quoted|protonmail_quote|zmail_extra|tutanota_quote)",
    re.IGNORECASE,
)
"""Containers of a quotation beside blockquote. Gmail's `gmail_quote` is not one: it contains answers between quotes."""

_REST: Final = re.compile(
    r"\bid\s*=\s*[\"']?[^\"'>\s]*(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|stopSpelling)"
    r"|\bclass\s*=\s*[\"']?[^\"'>]*\bOutlookMessageHeader\b",
    re.IGNORECASE,
)
"""Marks after which everything is quoted."""

_REST_MARKS: Final = (
    *("divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container", "stopspelling"),
    "outlookmessageheader",
)
_QUOTE_MARKS: Final = ("yahoo_quoted", "ydp", "protonmail_quote", "zmail_extra", "tutanota_quote")
_SPACES: Final = re.compile(r"[ \t\n\r\f\xa0]+")
_MAX_TAG: Final = 4_000
_MAX_SEARCHED: Final = 1_000
"""Characters of a tag in which a class or an id is looked for."""

_MAX_DEPTH: Final = 6
"""Levels of quotation that are shown; deeper ones read alike."""


def text_of_html(html: str, *, marks: bool = True) -> str:
    """The text a reader sees, a line per block, no markup; with `marks` quoted lines begin with `>`."""
    return _Writer(marks=marks).text(html)


def _tokens(html: str) -> Iterator[tuple[str, str]]:
    """`("", text)` and `(tag name or /name, the whole tag)` in turn; comments and declarations are skipped."""
    at, end = 0, len(html)
    while at < end:
        opened = end
        for found in _TOKEN.finditer(html, at):
            whole, name = found.group(0, 1)
            if name:
                yield name.lower(), whole
            elif whole == "<":
                opened = found.start()
                break
            else:
                yield "", whole
        if opened == end:
            return
        at, token = _odd_token(html, opened)
        if token is not None:
            yield token


def _odd_token(html: str, opened: int) -> tuple[int, tuple[str, str] | None]:
    """Where the next token begins behind a `<` that begins no plain tag, and what it is; comments are nothing."""
    if html.startswith("<!--", opened):
        closed = html.find("-->", opened + 4)
        return (len(html) if closed < 0 else closed + 3), None
    name = _NAME.match(html, opened + 1)
    if name is None and html[opened + 1 : opened + 2] not in {"!", "?", "/"}:
        return opened + 1, ("", "<")
    at = _tag_end(html, opened)
    slash = "/" if html[opened + 1 : opened + 2] == "/" else ""
    return at, None if name is None else (slash + name[1].lower(), html[opened:at])


def _tag_end(html: str, opened: int) -> int:
    """Behind the `>` that ends the tag: one within quotation marks does not, as far as a tag is long."""
    closed = html.find(">", opened)
    if closed < 0:
        return len(html)
    first = closed
    for _ in range(_MAX_DEPTH):
        tag = html[opened:closed]
        if '"' not in tag and "'" not in tag:
            break
        odd = tag.count('"') % 2 or (tag.count("'") % 2 and '"' not in tag)
        if not odd or len(tag) > _MAX_TAG:
            break
        following = html.find(">", closed + 1, opened + _MAX_TAG)
        if following < 0:
            return first + 1
        closed = following
    else:
        return first + 1
    return closed + 1


class _Writer:
    def __init__(self, *, marks: bool) -> None:
        self._marks = marks
        self._rows: list[str] = []
        self._row: list[str] = []
        self._hidden = ""
        self._quotes: list[tuple[str, int]] = []
        """Open containers of quotations: the name, and how many of that name are open in it."""
        self._rest = False
        self._may_rest = self._may_quote = False
        """Whether such a mark is anywhere in the HTML: only then is it looked for in the tags."""

    def text(self, html: str) -> str:
        folded = html.casefold()
        self._may_rest = any(mark in folded for mark in _REST_MARKS)
        self._may_quote = any(mark in folded for mark in _QUOTE_MARKS)
        for name, tag in _tokens(html):
            if self._hidden:
                if name == f"/{self._hidden}" or (self._hidden == "head" and name == "body"):
                    self._hidden = ""
            elif not name:
                if self._row or not tag.isspace():
                    self._row.append(tag)
            else:
                self._tag(name, tag)
        self._break()
        return "\n".join(self._rows)

    def _tag(self, name: str, tag: str) -> None:
        if name in _BREAKING:
            self._break(blank=name in _BLANKING)
        elif name in _CELLS:
            self._row.append(" ")
        elif name in _HIDDEN and not tag.endswith("/>"):
            self._hidden = name
            return
        if self._may_rest and not self._rest and name[0] != "/" and _REST.search(tag, 0, _MAX_SEARCHED):
            self._break()
            self._rest = True
        if self._quotes or name == "blockquote" or self._may_quote:
            self._nest(name, name.removeprefix("/"), tag)

    def _nest(self, name: str, bare: str, tag: str) -> None:
        """Count the open containers of quotations."""
        if name == bare and (bare == "blockquote" or (bare == "div" and self._opens_quote(tag))):
            self._quotes.append((bare, 1))
        elif self._quotes and self._quotes[-1][0] == bare and not tag.endswith("/>"):
            count = self._quotes[-1][1] + (1 if name == bare else -1)
            self._quotes[-1:] = [(bare, count)] if count else []

    def _opens_quote(self, tag: str) -> bool:
        return self._may_quote and bool(_QUOTES.search(tag, 0, _MAX_SEARCHED))

    def _break(self, *, blank: bool = False) -> None:
        text = ""
        if self._row:
            text = "".join(self._row)
            text = _SPACES.sub(" ", unescape(text) if "&" in text else text).strip()
            self._row.clear()
        if not text and not blank:
            return
        mark = ">" * min(len(self._quotes) + self._rest, _MAX_DEPTH) if self._marks else ""
        if text:
            self._rows.append(f"{mark} {text}" if mark else text)
        elif self._rows and self._rows[-1].strip("> "):
            self._rows.append(mark)
