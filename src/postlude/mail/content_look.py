"""What can be seen of a message's content by looking at it: its form, its length, what it carries."""

import re
from collections.abc import Iterable
from html import unescape
from typing import Final, NamedTuple

from postlude.mail.bodies import Leaf, leaf_parts
from postlude.mail.header_block import HeaderBlock, decoded

_MOST: Final = 400_000
"""Characters of each body that are looked at: mailboxes show less."""
_UNSEEN: Final = tuple(
    (re.compile(rf"<{name}(?![a-z0-9])", re.IGNORECASE | re.ASCII), re.compile(f"</{name}", re.IGNORECASE | re.ASCII))
    for name in ("style", "script", "title", "head")
)
_TAG: Final = re.compile(r"<[^<>]*>")
_IMAGE: Final = re.compile(r"<img[\s/]", re.IGNORECASE)
_LINK: Final = re.compile(r"<a\s[^<>]*?href", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_DESIGNED: Final = re.compile(r"<(?:table|img|style|center|font)[\s/>]|\b(?:background|bgcolor)\s*[:=]", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_QUESTION: Final = re.compile("[?\uff1f\u061f\u037e\u1367]")
_EMOJI: Final = re.compile(
    "[\u203c\u2049\u2139\u231a-\u231b\u23e9-\u23fa\u2600-\u27bf\u2b05-\u2b55\U0001f000-\U0001faff]"
)
_SHORTEST_NAME: Final = 3
_FAMILIES: Final = {"image": "picture", "audio": "sound", "video": "film", "text": "text", "message": "mail"}
_OFFICE: Final = (
    ("pdf", "PDF"),
    ("word", "document"),
    ("opendocument.text", "document"),
    ("rtf", "document"),
    ("sheet", "spreadsheet"),
    ("excel", "spreadsheet"),
    ("presentation", "slides"),
    ("powerpoint", "slides"),
    ("zip", "archive"),
    ("compressed", "archive"),
    ("calendar", "invitation"),
    ("csv", "spreadsheet"),
)


class ContentLook(NamedTuple):
    """What was found by looking."""

    words: int
    links: int
    """In the body that mail programs show first."""
    images: int
    designed: bool
    """Laid out: tables, pictures, colours; else it looks like a letter."""
    question: bool
    """A question mark in the subject."""
    emoji: bool
    """An emoji in the subject."""
    personalised: bool
    attachments: tuple[str, ...]
    """Families of attached files, each once: `PDF`, `picture`."""


def look_at_mail(raw: bytes, head: HeaderBlock) -> ContentLook:
    """Look at a message as it was handed in, with its head. Personalised: it names its only recipient."""
    html = text = ""
    attached: list[str] = []
    for leaf in leaf_parts(raw, head):
        kind = leaf.content.kind
        if leaf.attached or not kind.startswith(("text/", "image/", "multipart/")):
            attached.append(attachment_family(kind))
        elif kind == "text/html":
            html = html or _shown(leaf)
        elif kind == "text/plain":
            text = text or _shown(leaf)
    names = _WORD.findall(decoded(head.first("to")).partition("<")[0]) if "," not in head.first("to") else []
    named = any(len(one) >= _SHORTEST_NAME and one in seen_text(html or text) for one in names)
    return look_at_parts(decoded(head.first("subject")), html, text, attached, personalised=named)


def look_at_parts(subject: str, html: str, text: str, attachments: Iterable[str], *, personalised: bool) -> ContentLook:
    """The same of a subject and bodies; `attachments`: families of files."""
    page, plain = html[:_MOST], text[:_MOST]
    seen = seen_text(page) if page else plain
    return ContentLook(
        words=len(_WORD.findall(seen)),
        links=len(_LINK.findall(page)) if page else len(_ADDRESS.findall(plain)),
        images=len(_IMAGE.findall(page)),
        designed=_DESIGNED.search(page) is not None,
        question=_QUESTION.search(subject) is not None,
        emoji=_EMOJI.search(subject) is not None,
        personalised=personalised,
        attachments=tuple(sorted(set(attachments))),
    )


def attachment_family(kind: str) -> str:
    """What people call files of a content type; `file` for all others."""
    for part, family in _OFFICE:
        if part in kind:
            return family
    return _FAMILIES.get(kind.partition("/")[0], "file")


def seen_text(html: str) -> str:
    """The words of a page without its tags, styles and scripts."""
    page = html[:_MOST]
    for begin, end in _UNSEEN:
        page = _without(page, begin, end)
    return unescape(_TAG.sub(" ", page))


def _without(page: str, begin: re.Pattern[str], end: re.Pattern[str]) -> str:
    """`page` without these elements. What is never closed ends with the page, so each part is looked at once."""
    kept, at = [], 0
    while (start := begin.search(page, at)) is not None:
        kept.append(page[at : start.start()])
        closing = end.search(page, start.end())
        if closing is None:
            return "".join(kept)
        at = closing.start()
    return "".join([*kept, page[at:]])


def _shown(leaf: Leaf) -> str:
    return leaf._replace(body=leaf.body[: 2 * _MOST]).text()[:_MOST]
