"""The click map: a campaign's mail with what each link got, written beside it.

Clicks are told by a link's position, so it does not matter that its address differs between recipients, nor that the
copy for Outlook has the same link once more.
"""

import html
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

from postlude.compose.links import href
from postlude.instrument.anchors import text_of
from postlude.instrument.scanner import Scan
from postlude.mail.bodies import read_bodies
from postlude.services.campaigns.content import SAMPLE, Contents, fields_of
from postlude.services.campaigns.report import LinkLine
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Contact
from postlude.tokens import split_link

_PLACE: Final = (
    "position:relative;display:inline-block;width:0;height:0;overflow:visible;vertical-align:top;line-height:0"
)
_MARK: Final = (
    "position:absolute;left:-4px;top:-15px;z-index:9;padding:0 5px;border:1px solid #fff;border-radius:8px;"
    "font:bold 10px/14px sans-serif;text-decoration:none;white-space:nowrap;letter-spacing:0;text-transform:none"
)
_NONE, _SOME, _MANY = (
    "background:#ececea;color:#555",
    "background:#f3d9a4;color:#3b2a00",
    "background:#7a4f00;color:#fff",
)
_TEXT_MARK: Final = "padding:0 5px;border-radius:8px;font:bold 11px/16px sans-serif"


class ClickMap(msgspec.Struct, frozen=True):
    """Both parts of one variant; empty where the mail has no such part."""

    html: str
    """A document."""
    text: str
    """Markup of what stands in it, with its links."""


class _Heat:
    """What each position got, in words and colours."""

    def __init__(self, lines: Iterable[LinkLine]) -> None:
        self._clicks: Final = {line.position: line.clicks for line in lines}
        self._all: Final = sum(self._clicks.values())
        self._most: Final = max(self._clicks.values(), default=0)

    def words(self, position: int) -> str:
        """How often it was clicked, and its share of all clicks."""
        clicks = self._clicks.get(position, 0)
        return f"{clicks:,} · {100 * clicks / self._all:.0f} %" if clicks else "0"

    def colours(self, position: int) -> str:
        """Dark for what got at least half as many as the best link."""
        clicks = self._clicks.get(position, 0)
        return _NONE if not clicks else _MANY if 2 * clicks >= self._most else _SOME


def click_map(
    contents: Contents, campaign: Campaign, variant: Variant, contact: Contact | None, lines: Iterable[LinkLine]
) -> ClickMap:
    """The copy of `contact` (None: without a contact), its links marked with the clicks of `lines`.

    Nothing in it is live: no pixel, and links lead straight to where they lead. MissingFieldError and TemplateError.
    """
    person = contact or SAMPLE
    fields = fields_of(campaign, person.address, person.name, person.fields)
    raw = contents.sample(campaign, variant, contents.policy(campaign, opens=False), fields).message
    bodies, heat, head = read_bodies(raw), _Heat(lines), contents.link_head(variant)
    return ClickMap(
        html=_marked_html(bodies.html_with_images(), head, heat) if bodies.html else "",
        text=_marked_text(bodies.text, head, heat) if bodies.text else "",
    )


def _tracked(url: str, head: str) -> tuple[int, str] | None:
    """Position and destination of a tracked link."""
    if not url.startswith(head):
        return None
    parts = split_link(url[len(head) :].partition("/")[2])
    return None if parts is None else (parts[0], unquote(parts[2]))


def _marked_html(text: str, head: str, heat: _Heat) -> str:
    data = text.encode("utf-8", "replace")
    scan = Scan(data)
    out, at = [], 0
    for tag in scan.links:
        found = href(scan, tag)
        if found is None:
            continue
        link = _tracked(text_of(data[found.value_start : found.value_end], "utf-8") or "", head)
        if link is None:
            continue
        position, destination = link
        quote = "" if found.quote else '"'
        out += [data[at : found.value_start], f"{quote}{html.escape(destination)}{quote}".encode()]
        at = found.value_end
        if tag.name == b"a" and not tag.outlook:
            mark = f'<span style="{_MARK};{heat.colours(position)}">{heat.words(position)}</span>'
            out += [data[at : tag.end], f'<span style="{_PLACE}">{mark}</span>'.encode()]
            at = tag.end
    out.append(data[at:])
    return b"".join(out).decode()


def _marked_text(text: str, head: str, heat: _Heat) -> str:
    shown, at = "", 0
    for match in re.finditer(re.escape(head) + r"[^\s<>\"]+", text):
        if (link := _tracked(match[0], head)) is not None:
            position, destination = link
            shown += html.escape(text[at : match.start()])
            shown += f'<a href="{html.escape(destination)}">{html.escape(destination)}</a> '
            shown += f'<b style="{_TEXT_MARK};{heat.colours(position)}">{heat.words(position)}</b>'
            at = match.end()
    return shown + html.escape(text[at:])


def by_variant(lines: Iterable[LinkLine]) -> Mapping[str, list[LinkLine]]:
    """The tracked lines of each variant, in the order they stand in the mail."""
    found: dict[str, list[LinkLine]] = {}
    for line in sorted(lines, key=lambda one: one.position):
        if line.tracked:
            found.setdefault(line.variant, []).append(line)
    return found
