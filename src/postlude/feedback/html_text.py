"""HTML as text: of a reply with what it quotes marked by `>`, so that the rules for plain text part both.

Reads tags one after the other and never goes back: linear, whatever is unclosed or nested wrongly.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_TAG: Final = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9:-]{0,40})(?:[^<>\"']*+(?:\"[^\"<>]*+\"|'[^'\"<>]*+'))*+[^<>\"']*+>")
"""A tag whose quotation marks are paired and hold no bracket: nearly all of them, read at once."""
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
_CELLS: Final = frozenset({"td", "th"})
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
        opened = html.find("<", at)
        if opened < 0:
            yield "", html[at:]
            return
        if opened > at:
            yield "", html[at:opened]
        if tag := _TAG.match(html, opened):
            at = tag.end()
            yield tag[1].lower(), tag[0]
            continue
        if html.startswith("<!--", opened):
            closed = html.find("-->", opened + 4)
            at = end if closed < 0 else closed + 3
            continue
        name = _NAME.match(html, opened + 1)
        if name is None and html[opened + 1 : opened + 2] not in {"!", "?", "/"}:
            yield "", "<"
            at = opened + 1
            continue
        at = _tag_end(html, opened)
        if name is not None:
            slash = "/" if html[opened + 1] == "/" else ""
            yield slash + name[1].lower(), html[opened:at]


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
                self._row.append(tag)
            else:
                self._tag(name, tag)
        self._break()
        return "\n".join(self._rows)

    def _tag(self, name: str, tag: str) -> None:
        bare = name.removeprefix("/")
        if name in _HIDDEN and not tag.endswith("/>"):
            self._hidden = name
            return
        if bare in _BLOCKS:
            self._break(blank=bare in _PARAGRAPHS)
        elif bare in _CELLS:
            self._row.append(" ")
        if self._may_rest and not self._rest and name[0] != "/" and _REST.search(tag, 0, _MAX_SEARCHED):
            self._break()
            self._rest = True
        if self._quotes or bare == "blockquote" or self._may_quote:
            self._nest(name, bare, tag)

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
        text = "".join(self._row)
        if text:
            text = _SPACES.sub(" ", unescape(text) if "&" in text else text).strip()
            self._row.clear()
        mark = ">" * min(len(self._quotes) + self._rest, _MAX_DEPTH) if self._marks else ""
        if text:
            self._rows.append(f"{mark} {text}" if mark else text)
        elif blank and self._rows and self._rows[-1].strip("> "):
            self._rows.append(mark)
