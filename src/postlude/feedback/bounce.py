"""Non-standard bounces, recognised by their shape.

A word such as "delayed" or "quota" proves nothing: people, newsletters and phishing write it too, and a null sender is
what an out-of-office has as well (RFC 3834 section 3.3). A bounce names the failed recipient on a separate line, quotes
a server's answer, or includes our mail; how much of that is required depends on its author.
"""

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

from postlude.feedback.addresses import find_all
from postlude.feedback.finding import Finding, FindingKind
from postlude.feedback.literals import Search
from postlude.feedback.recipients import STRONG, find_recipients, reported_about
from postlude.feedback.refusal import refusal
from postlude.feedback.returned_message import ReturnedMessage

_QUOTED: Final = re.compile(
    r"(?<![\d.])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|\(#[45]\.\d{1,3}\.\d{1,3}\)"
    r"|(?:said|repl(?:y|ied)|respon(?:se|ded)|error|reason|returned|<<<|smtp|diagnostic|status)[^\n]{0,40}?"
    r"(?<![\d.-])(?:4[2-7]|5[0-7])\d(?!\d|[-.:]\d)",
    re.IGNORECASE,
)
"""The answer of a mail server: a reply with its status code, or a reply code after the word that introduces it."""
_SUCCESS: Final = re.compile(
    r"successfully (?:delivered|relayed|sent)|(?:was|has been|were) delivered (?:to|success)", re.IGNORECASE
)
_LIST_REFUSES: Final = re.compile(
    r"not (?:a )?member|loop alert|reject|denied|error|warning|unauthori|not allowed", re.IGNORECASE
)
_ANSWERS: Final = re.compile(r"^\s*(?:re|fwd?|aw|wg|tr|rv|antw|sv|vs)\s*(?:\[\d+\])?:", re.IGNORECASE)
_DELAY: Final = re.compile(
    r"will be retried|still being retried|will (?:keep|continue) (?:on )?(?:trying|to (?:try|attempt))"
    r"|notification \(delay(?:ed)?\)|not (?:been )?delivered yet"
    r"|will (?:retry|try again|be tried again) (?:for|in|until)"
    r"|delivery (?:has been |is )?delayed|delayed (?:delivery|mail|message)|message delayed"
    r"|not yet been delivered|no action is required on your part|warning message only|you do not need to resend|"
    r"delivery attempts will continue|has been postponed",
    re.IGNORECASE,
)
_WEB_LINK: Final = re.compile(rb"<a\s[^<>]{0,400}?href\s*=\s*[\"']?\s*(?:3D[\"'])?https?:", re.IGNORECASE)
_URL: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
MAX_LOOKED: Final = 8000
"""Characters of a report that are searched for its phrases: they are at the top."""
_ENVELOPE_HEADERS: Final = ("from", "to", "subject", "date", "message-id", "received", "return-path")
_ENOUGH_HEADERS: Final = 3
_AUTOMATIC: Final = ("auto-replied", "auto-generated")
_LIST: Final = frozenset({"list-id", "x-beenthere", "x-mailman-version", "mailing-list", "x-mailing-list"})


class _Shape(NamedTuple):
    """The features of a bounce in a mail."""

    recipients: list[str]
    way: str
    """Position of the recipients."""
    names: bool
    """A separate line names the failed recipient, or a sentence names the recipient of the returned mail."""
    quotes: bool
    """It quotes a server's answer."""
    returns: bool
    """It contains a returned mail: enough of its headers."""
    linked: bool
    """It is HTML with web links, unlike reports without a quotation."""

    @property
    def marks(self) -> int:
        """How many of: a line with who failed, a server's answer, the mail sent back."""
        return self.names + self.quotes + self.returns


def parse_bounce(incoming: ReturnedMessage) -> list[Finding]:
    """Findings of a non-standard bounce, empty when the mail is none."""
    shape = _shape_of_bounce(incoming)
    if shape is None:
        return []
    kind = (
        FindingKind.DEFERRED if _DELAY.search(f"{incoming.subject}\n{incoming.report[:2000]}") else FindingKind.BOUNCED
    )
    found = []
    for address in shape.recipients or [""]:
        reported, above = reported_about(incoming.report, address, shape.recipients)
        found.append(refusal(incoming, kind, address, reported, above=above, way=shape.way))
    return found


def _shape_of_bounce(incoming: ReturnedMessage) -> _Shape | None:
    root = incoming.root
    marked = bool(root.get("x-failed-recipients"))
    if marked or (root.get("x-mlserver") and _LIST_REFUSES.search(incoming.subject)):
        return _shape(incoming)
    if not incoming.system and (root.has_one_of(_LIST) or _ANSWERS.match(incoming.subject)):
        return None
    subject = _in_subject(incoming.subject)
    automatic = root.get("auto-submitted").lower().startswith(_AUTOMATIC)
    system_alone = incoming.system and (not incoming.sender or incoming.sender.startswith("mailer-daemon@"))
    anonymous = incoming.null_sender or automatic or system_alone
    if not (incoming.system or anonymous or (subject and incoming.returned is not None)):
        return None
    if not (incoming.system and subject) and not _occurs("text", incoming.report):
        return None
    shape = _shape(incoming)
    return shape if _enough(incoming, shape, subject=subject, anonymous=anonymous) else None


def _enough(incoming: ReturnedMessage, shape: _Shape, *, subject: bool, anonymous: bool) -> bool:
    """Whether the shape is that of a bounce, given who wrote it."""
    root = incoming.root
    if root.has_one_of(_LIST):  # no post; but old list servers hand bounces on to owners with the list's own headers
        return shape.marks > 0 or (subject and bool(shape.recipients))
    if _ANSWERS.match(incoming.subject):  # a person's answer or forward, unless a mail system quoted our subject
        return not root.get("in-reply-to") and shape.marks > 1
    if shape.linked and not shape.quotes and not shape.returns:
        return False
    if incoming.system:
        return not _SUCCESS.search(incoming.report) and _enough_of_a_system(
            incoming, shape, subject=subject, anonymous=anonymous
        )
    if anonymous:
        return shape.marks > 1 or (subject and shape.marks > 0)
    return subject and shape.returns and shape.marks > 1 and not root.get("in-reply-to")


def _enough_of_a_system(incoming: ReturnedMessage, shape: _Shape, *, subject: bool, anonymous: bool) -> bool:
    told = shape.marks > 0 or bool(shape.recipients)
    if subject:
        return told or (incoming.named_daemon and not _URL.search(incoming.report))
    return shape.marks > 1 or (anonymous and told)  # newsletters come from addresses such as bounce@ as well


def _shape(incoming: ReturnedMessage) -> _Shape:
    recipients, way = find_recipients(incoming)
    names = way in STRONG or (way == "after-word" and bool(set(recipients) & _returned_to(incoming)))
    return _Shape(recipients, way, names, bool(_QUOTED.search(incoming.report)), _returns(incoming), _linked(incoming))


def _returned_to(incoming: ReturnedMessage) -> set[str]:
    returned = incoming.returned
    return set() if returned is None else {one for name in ("to", "cc") for one in find_all(returned.get(name))}


def _returns(incoming: ReturnedMessage) -> bool:
    returned = incoming.returned
    return returned is not None and sum(bool(returned.get(name)) for name in _ENVELOPE_HEADERS) >= _ENOUGH_HEADERS


def _linked(incoming: ReturnedMessage) -> bool:
    return any(part.type == "text/html" and _WEB_LINK.search(part.body) for part in incoming.leaves)


@lru_cache(maxsize=64)
def _in_subject(subject: str) -> bool:
    return _occurs("subject", subject)


def _occurs(place: str, text: str) -> bool:
    """Whether a subject or text contains a report's phrases."""
    return _words()[place].first(text[:MAX_LOOKED].lower()) is not None


@cache
def _words() -> dict[str, Search]:
    content = tomllib.loads(files("postlude.feedback").joinpath("report_words.toml").read_text(encoding="utf-8"))
    return {
        place: Search(re.compile(pattern) for patterns in languages.values() for pattern in patterns)
        for place, languages in content.items()
    }
