"""Replies of people, unsubscribing by reply, and mail that answers nothing of ours."""

import re
from html import unescape
from typing import Final

import msgspec

from postlude.feedback.auto import TO_MANY, auto_reply_rule, is_to_many
from postlude.feedback.finding import Finding, FindingKind, Wish
from postlude.feedback.leaving import asks_to_leave, wishes_to_leave
from postlude.feedback.mime import ReturnedPart
from postlude.feedback.quote import new_text
from postlude.feedback.returned_message import ReturnedMessage
from postlude.feedback.subjects import read_subject

_ID: Final = re.compile(r"<([^<>\s]{1,998})>")
_AROUND_BARE: Final = re.compile(r"[\s<>,;\"'()]+")
_APPLE: Final = re.compile(r"^\s*unsubscribe\s*$", re.IGNORECASE)
MAX_REFERENCES: Final = 50
REACTION_TYPE: Final = "text/vnd.google.email-reaction+json"
"""Gmail's emoji reactions (support.google.com/mail/answer/14065500): a mail with this part beside a text for others."""

_MAX_REACTION: Final = 1_000


def message_ids(*values: str) -> tuple[str, ...]:
    """The Message-IDs in header values, in order, each once, without angle brackets.

    RFC 5322 demands the brackets; where a value has none at all, what looks like an id is taken for one. Brackets that
    a program wrote as in HTML are brackets.
    """
    found: dict[str, None] = {}
    for value in values:
        if value:
            plain = unescape(value) if "&lt;" in value else value
            for each in _ID.findall(plain) or _AROUND_BARE.split(plain):
                if "@" in each.strip("@"):
                    found[each] = None
    return tuple(found)[:MAX_REFERENCES]


def answered_ids(incoming: ReturnedMessage) -> tuple[str, ...]:
    """What a mail answers, nearest first: In-Reply-To, then References from the end."""
    references = message_ids(incoming.root.get("references"))[::-1]
    return tuple(dict.fromkeys((*message_ids(incoming.root.get("in-reply-to")), *references)))


def parse_answer(incoming: ReturnedMessage, *, tagged: bool) -> Finding:
    """An auto-reply, an unsubscribe by reply, a reply, or ordinary mail. `tagged`: it came to a signed address."""
    ids = answered_ids(incoming)
    if _APPLE.match(incoming.subject) and incoming.root.get("auto-submitted").startswith("auto-replied") and not ids:
        return _finding(incoming, FindingKind.UNSUBSCRIBED, "unsubscribe-mail", ids, "")
    if reaction := _reaction(incoming.root):
        return _finding(incoming, FindingKind.REACTED, "reply/reaction", ids, reaction)

    text = _NewText(incoming.root)
    rule = auto_reply_rule(incoming, tagged=tagged, text=text)
    if rule:
        return _finding(incoming, FindingKind.AUTORESPONDED, f"auto/{rule}", ids, "")
    answers = tagged or bool(ids) or read_subject(incoming.subject).answers
    asks = not is_to_many(incoming) and incoming.root.get("precedence").lower().strip() not in TO_MANY
    if asks and asks_to_leave(incoming.subject, text()) and (answers or not text()):
        return _finding(incoming, FindingKind.UNSUBSCRIBED, "reply/asks-to-leave", ids, text())
    if not answers:
        return _finding(incoming, FindingKind.MAIL, "mail", ids, text())
    found = _finding(incoming, FindingKind.REPLIED, "reply/tag" if tagged else "reply/thread", ids, text())
    return msgspec.structs.replace(found, wish=Wish.LEAVE) if asks and wishes_to_leave(text()) else found


class _NewText:
    """The new text of a mail, read when it is asked for first."""

    __slots__ = ("_root", "_text")

    def __init__(self, root: ReturnedPart) -> None:
        self._root = root
        self._text: str | None = None

    def __call__(self) -> str:
        if self._text is None:
            self._text = new_text(self._root)
        return self._text


def _reaction(root: ReturnedPart) -> str:
    """The emoji of a reaction, empty for other mail."""
    part = next((part for part in root.walk() if part.type == REACTION_TYPE), None)
    if part is None:
        return ""
    try:
        emoji = msgspec.json.decode(part.content()[:_MAX_REACTION], type=dict[str, object]).get("emoji")
    except ValueError:  # not JSON, or not UTF-8
        emoji = None
    return str(emoji or "reaction")[:20]


def _finding(incoming: ReturnedMessage, kind: FindingKind, rule: str, ids: tuple[str, ...], text: str) -> Finding:
    return Finding(
        kind=kind,
        recipient=incoming.sender,
        rule=rule,
        message_ids=ids,
        sender=incoming.sender,
        subject=incoming.subject,
        text=text,
        at=incoming.root.get("date"),
    )
