"""Looks for our signed tags wherever a returned mail can carry one."""

import re
from collections.abc import Iterator
from typing import Final, Protocol

from postlude.feedback.finding import Evidence
from postlude.feedback.returned_message import ReturnedMessage

_TAG: Final = re.compile(r"(?<![a-z2-7])([a-z2-7]{28})(?![a-z2-7])", re.IGNORECASE)
_COPY_TOKEN: Final = re.compile(r"/([A-Za-z0-9_-]{36})(?=[./\"'\s>]|$)")
_DELIVERY: Final = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc", "x-failed-recipients")
_RETURNED: Final = ("return-path", "reply-to", "list-unsubscribe", "x-envelope-from", "sender")
_IDS: Final = ("message-id", "cfbl-feedback-id", "feedback-id", "original-message-id")
_IN_ADDRESSES: Final = (
    ("u", Evidence.UNSUBSCRIBE_TAG),
    ("b", Evidence.ENVELOPE_TAG),
    ("r", Evidence.REPLY_TAG),
)
MAX_LINKS: Final = 40


class Signed:
    """The copies that verified tags name, by kind of evidence."""

    def __init__(self, incoming: ReturnedMessage) -> None:
        self._read = incoming.tags
        self._incoming = incoming

    def envelope(self) -> tuple[int, Evidence]:
        """The tag in the address it was sent to."""
        if self._read is None:
            return 0, Evidence.NONE
        targets = [self._incoming.rcpt_to] if self._incoming.rcpt_to else []
        targets += [value for name in _DELIVERY for value in self._incoming.root.all(name)]
        for text in targets:
            if not _TAG.search(text):
                continue
            for purpose, evidence in _IN_ADDRESSES:
                if copy := self.first(purpose, text):
                    return copy, evidence
        return 0, Evidence.NONE

    def message_id(self, *texts: str) -> int:
        """The tag in the first of these Message-IDs that has one."""
        return next((copy for text in texts if (copy := self.first("m", text))), 0)

    def returned(self) -> tuple[int, Evidence]:
        """A tag in the headers of the mail that was sent back."""
        part = self._incoming.returned
        if part is None or self._read is None:
            return 0, Evidence.NONE
        for name in _IDS:
            if copy := self.first("m", part.get(name)):
                return copy, Evidence.MESSAGE_ID_TAG
        for name in _RETURNED:
            for purpose in ("b", "r", "u"):
                if copy := self.first(purpose, part.get(name)):
                    return copy, Evidence.MESSAGE_ID_TAG
        return 0, Evidence.NONE

    def quoted(self) -> tuple[int, Evidence]:
        """The copy of a URL of ours that the mail quotes.

        The address of a copy's page is better evidence than that of its pixel or links: who has it may unsubscribe
        anyhow, while links are passed on and published.
        """
        link = 0
        if self._read is None:
            return 0, Evidence.NONE
        tried: set[str] = set()
        for text in self._quoting():
            for token in _COPY_TOKEN.findall(text):
                if token not in tried and len(tried) < MAX_LINKS:
                    tried.add(token)
                    if copy := self._read("a", token):
                        return copy, Evidence.QUOTED_PAGE
                    link = link or self._read("l", token) or 0
        return link, Evidence.QUOTED_LINK if link else Evidence.NONE

    def _quoting(self) -> Iterator[str]:
        if self._incoming.returned is not None:
            yield self._incoming.returned.get("list-unsubscribe")
        for part in self._incoming.root.walk():
            if part.type.startswith("text/") and not part.parts:
                yield part.text()

    def first(self, purpose: str, text: str) -> int:
        """The copy of the first tag in `text` that verifies for `purpose`, else 0."""
        read = self._read
        return first_tag(lambda tag: read(purpose, tag), text) if read is not None else 0


class ReadTag(Protocol):
    """Reads a tag of one purpose."""

    def __call__(self, tag: str, /) -> int | None:
        """The copy it names; None when it does not verify."""
        ...


def first_tag(read: ReadTag, text: str) -> int:
    """The copy of the first tag in `text` that `read` verifies, else 0."""
    return next((copy for tag in _TAG.findall(text) if (copy := read(tag.lower()))), 0)
