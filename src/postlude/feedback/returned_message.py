"""One returned mail, read once: the reporting text, the part of ours that was sent back, who wrote it."""

import re
from collections.abc import Collection
from typing import Final

from postlude.feedback.addresses import compared_address
from postlude.feedback.finding import TagReader
from postlude.feedback.html_text import text_of_html
from postlude.feedback.mime import ReturnedPart, read, split_headers
from postlude.kit.computed import computed_once
from postlude.mail.charset import decode_text
from postlude.mail.encoded_words import decode_words
from postlude.model.domain_name import address_key

MAX_BYTES: Final = 4_000_000
"""Bytes of one mail that are parsed: reports are at the top, and returned attachments do not matter."""

MAX_REPORT: Final = 65_536
"""Characters of a report that are searched, which is the main cost: its text is at the top, our own mail follows."""

_RETURNED_TYPES: Final = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/rfc822-headers",
        "message/global-headers",
        "message/global",
        "message/partial",
        "message/delivery-status+rfc822",
    }
)
# Where a mail of ours begins inside a plain report: consecutive header lines that are not written by hand.
_HEADER_LINE: Final = re.compile(
    r"^[> ]{0,2}(?:Received|Return-Path|Message-ID|MIME-Version|DKIM-Signature|X-[\w-]+|Delivered-To)[ \t]*:[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_FAILED: Final = re.compile(
    r"\b(?:(?:can)?not|un)[ \n]?(?:be(?:en)? )?(?:deliver|reach)|\bfail(?:ed|ure)\b", re.IGNORECASE
)
_GOES_ON: Final = re.compile(
    r"\n(?P<blank>[ \t]*\n)[^\n]{0,100}\b(?:(?:can)?not|un)[ \n]?(?:able to )?(?:be(?:en)? )?deliver"
    r"[^\n]{0,100}:[ \t]*\n",
    re.IGNORECASE,
)
"""A report that first names the mail by some of its headers, and below them the failed recipients."""
_ANY_HEADER: Final = re.compile(r"[> ]{0,2}(?:[A-Z][\w-]*[ \t]*:|[ \t]+\S)", re.IGNORECASE)
_QUOTE_MARK: Final = re.compile(r"(?m)^(?:> ?| )(?=[A-Za-z][\w-]*[ \t]*:)")


class ReturnedMessage:
    """A returned mail with the values that parsers need, each computed once and on demand."""

    def __init__(
        self, raw: bytes, *, known: Collection[str], tags: TagReader | None, rcpt_to: str, mail_from: str
    ) -> None:
        self.raw = raw
        self.root: ReturnedPart = read(raw[:MAX_BYTES])
        self.known = frozenset(map(address_key, known))
        self.tags = tags
        self.rcpt_to = rcpt_to.strip("<> ")
        self.mail_from = mail_from

    @computed_once
    def sender(self) -> str:
        """Address of From, as it is compared."""
        return compared_address(decode_words(self.root.get("from")))

    @computed_once
    def subject(self) -> str:
        """The subject as people read it."""
        return decode_words(self.root.get("subject"))

    @computed_once
    def leaves(self) -> list[ReturnedPart]:
        """Parts of the report itself: nothing inside a returned message."""
        found: list[ReturnedPart] = []
        pending = [self.root]
        while pending:
            part = pending.pop()
            if part.type not in _RETURNED_TYPES or part is self.root:
                found.append(part)
                pending.extend(reversed(part.parts))
        return found

    def machine_part(self, kind: str) -> ReturnedPart | None:
        """The part `message/{kind}` (or its internationalised twin) of the report, None when there is none."""
        if not self._machine_parts:
            return None
        wanted = (f"message/{kind}", f"message/global-{kind}")
        return next((part for part in self._machine_parts if part.type in wanted), None)

    @computed_once
    def _machine_parts(self) -> list[ReturnedPart]:
        return [part for part in self.leaves if part.type.startswith("message/")]

    @computed_once
    def _split(self) -> tuple[str, str]:
        """Report text and the plain-text mail of ours behind it."""
        texts = [_readable(part) for part in self.leaves if part.type.startswith("text/") and not part.parts]
        whole = "\n".join(texts)[:MAX_REPORT]
        start = _returned_at(whole)
        if start >= 0 and (goes_on := _GOES_ON.search(whole, start)) and not _FAILED.search(whole, 0, start):
            return whole[:start] + whole[goes_on.end("blank") :], whole[start : goes_on.start()]
        return (whole, "") if start < 0 else (whole[:start], whole[start:])

    @property
    def report(self) -> str:
        """What the reporting system itself wrote."""
        return self._split[0]

    @computed_once
    def returned_raw(self) -> bytes:
        """The bytes of `returned`, empty when nothing was sent back."""
        for part in self.root.walk():
            if part is not self.root and part.type in _RETURNED_TYPES:
                return part.content()
        return _QUOTE_MARK.sub("", self._split[1]).encode("utf-8", "surrogateescape")

    @computed_once
    def returned(self) -> ReturnedPart | None:
        """Our mail as far as it was sent back (often only its headers), None when nothing was."""
        for part in self.root.walk():
            if part is not self.root and part.type in _RETURNED_TYPES:
                return part.parts[0] if part.parts else _headers_of(decode_text(part.content(), ""))
        return _headers_of(_QUOTE_MARK.sub("", self._split[1])) if self._split[1] else None

    @property
    def null_sender(self) -> bool:
        """It came with the null reverse-path, as far as it was recorded."""
        path = self.root.get("return-path").strip()
        return path in {"<>", "<MAILER-DAEMON>"} or self.mail_from == "<>"

    @computed_once
    def from_daemon(self) -> bool:
        """A mail system wrote it, by its own account."""
        return self.null_sender or self.named_daemon or not self.root.get("from")

    @property
    def system(self) -> bool:
        """The From names a mail system, or there is none: people's mail programs always write one."""
        return self.named_daemon or not self.root.get("from").strip(" <>")

    @computed_once
    def named_daemon(self) -> bool:
        """The From names a mail system."""
        named = self.root.get("from")
        lowered = named.lower()
        for piece in _DAEMON_PIECES:
            if piece in lowered:
                return bool(_DAEMON_MAILBOX.search(named) or _DAEMON_NAME.search(named))
        return False


_DAEMON_PIECES: Final = (
    *("daemon", "master", "deliver", "mailer", "smtp", "mmdf", "qmail", "exim", "amavis", "marshal", "imss", "ndr"),
    *("ndn", "dsn", "filter", "virus", "interscan", "sweeper", "bounce", "administrator", "system", "attendant"),
)
"""One of these stands in whatever the two patterns below match."""

# The mailbox, or the whole name: "Mail Delivery Services Ltd, Anna" and "Postmaster Pat" are people.
_DAEMON_MAILBOX: Final = re.compile(
    r"(?:^|[<\s\"(])(?:mailer[-_.]?daemon|mail[-_.]?daemon|poo?st[-_.]?master|mdaemon|mail[-_.]?delivery[-_.]?(?:sub)?system"
    r"|mailer|smtpd?|mmdf|qmail|exim|amavis|mailmarshal|imss|ndr|ndn|dsn|non-?delivery|content-filter|[\w.-]*(?:anti-?virus|smtp_gateway|smtp_mail_service|interscan|mailsweeper)[\w.-]*|deliveryfailure|bounce[-_.]?(?:notif\w*|s)?"
    r"|no-?reply[^@\s]{0,30}delivery)(?:\\?@|\s*[>)\"]|\s*<?>?$)|(?:^|[<\"])system administrator\"?@",
    re.IGNORECASE,
)
_DAEMON_NAME: Final = re.compile(
    r"^\W*(?:(?:internet )?mail(?:er)? ?deliver(?:y)?(?: (?:sub)?system| service| agent)?|delivery (?:sub)?system"
    r"|(?:mail|system|mailer) administrator|mail ?system|jetmail system|system attendant"
    r"|(?:mdaemon|mailmarshal|amavis\S*|content-filter|smtpd?|mmdf|qmail|exim)\b[^@<]*)\W*(?:<|$)",
    re.IGNORECASE,
)


def _returned_at(text: str) -> int:
    """Where header lines in a row begin, -1 when nowhere."""
    for match in _HEADER_LINE.finditer(text):
        rows = text[match.start() : match.start() + 2000].split("\n")[:4]
        if len(rows) > 1 and all(_ANY_HEADER.match(row) for row in rows[1:3] if row):
            return _back_to_first(text, match.start())
    return -1


def _back_to_first(text: str, start: int) -> int:
    while start > 0:
        previous = text.rfind("\n", 0, start - 1) + 1
        line = text[previous : start - 1]
        if not line or not re.match(r"[> ]{0,2}[A-Z][\w-]*[ \t]*:[ \t]", line):
            return start
        start = previous
    return start


def _headers_of(text: str) -> ReturnedPart:
    headers, body = split_headers(text.lstrip("\n").encode("utf-8", "surrogateescape"))
    return ReturnedPart(headers, body, "text/plain")


def _readable(part: ReturnedPart) -> str:
    text = part.text()[: 4 * MAX_REPORT]
    return text_of_html(text, marks=False) if part.type == "text/html" else text
