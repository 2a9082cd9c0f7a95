"""Replies of people, unsubscribing by reply, and mail that answers nothing of ours."""

import re
from typing import Final

from postlude.feedback.auto import auto_reply_rule
from postlude.feedback.finding import Finding, FindingKind
from postlude.feedback.letter import Letter
from postlude.feedback.quote import new_text

_ID: Final = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_RE: Final = re.compile(r"^\s*(?:re|aw|antw|sv|vs|rif|odp|отв|ynt|回复|回覆)\s*(?:\[\d+\])?\s*[:\uff1a]", re.IGNORECASE)
_LEAVE: Final = re.compile(
    r"^[\s\W]*(?:please[\s,]+|pls\s+|bitte\s+)?(?:unsubscribe(?:\s+me)?|stop|remove(?:\s+me)?|"
    r"opt[ -]?out|abmelden|austragen|"
    r"désinscription|désabonner|désinscrire|stopp|baja|darse? de baja|cancelar(?: suscripción)?|"
    r"cancella(?:mi|re)?(?: iscrizione)?|"
    r"disiscrivi(?:mi)?|afmelden|uitschrijven|avregistrera|отписаться|配信停止|退订)(?:[\s,]+(?:please|"
    r"bitte|thanks|thank you))?[\s\W]*$",
    re.IGNORECASE,
)
_APPLE: Final = re.compile(r"^\s*unsubscribe\s*$", re.IGNORECASE)
MAX_REFERENCES: Final = 50


def message_ids(*values: str) -> tuple[str, ...]:
    """The Message-IDs in header values, in order, each once, without angle brackets."""
    return tuple(dict.fromkeys(found for value in values for found in _ID.findall(value)))[:MAX_REFERENCES]


def answered_ids(letter: Letter) -> tuple[str, ...]:
    """What a mail answers, nearest first: In-Reply-To, then References from the end."""
    references = message_ids(letter.root.get("references"))[::-1]
    return tuple(dict.fromkeys((*message_ids(letter.root.get("in-reply-to")), *references)))


def parse_answer(letter: Letter, *, tagged: bool) -> Finding:
    """An auto-reply, an unsubscribe by reply, a reply, or ordinary mail. `tagged`: it came to a signed address."""
    ids = answered_ids(letter)
    if _APPLE.match(letter.subject) and letter.root.get("auto-submitted").startswith("auto-replied") and not ids:
        return _finding(letter, FindingKind.UNSUBSCRIBED, "unsubscribe-mail", ids, "")
    rule = auto_reply_rule(letter)
    if rule:
        return _finding(letter, FindingKind.AUTORESPONDED, f"auto/{rule}", ids, "")
    text = new_text(letter.root)
    answers = tagged or bool(ids) or bool(_RE.match(letter.subject))
    if asks_to_leave(letter.subject, text) and (answers or not text):
        return _finding(letter, FindingKind.UNSUBSCRIBED, "reply/asks-to-leave", ids, text)
    if answers:
        return _finding(letter, FindingKind.REPLIED, "reply/tag" if tagged else "reply/thread", ids, text)
    return _finding(letter, FindingKind.MAIL, "mail", ids, text)


def asks_to_leave(subject: str, text: str) -> bool:
    """The whole new text is a request to leave, or the text is empty and the subject is one."""
    return bool(_LEAVE.match(text)) if text else bool(_LEAVE.match(subject))


def _finding(letter: Letter, kind: FindingKind, rule: str, ids: tuple[str, ...], text: str) -> Finding:
    return Finding(
        kind=kind,
        recipient=letter.sender,
        rule=rule,
        message_ids=ids,
        sender=letter.sender,
        subject=letter.subject,
        text=text,
        at=letter.root.get("date"),
    )
