"""Returned mail: parsed, matched to a copy, applied."""

from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol

from postlude.feedback import Finding, FindingKind, TagReader, parse
from postlude.journal import checksum
from postlude.kit.ids import id_text
from postlude.model.observation import Returned
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.attribution import UnmatchedReason as Why
from postlude.services.digest.findings import (
    FindingMeaning,
    FindingSource,
    Repeats,
    apply_findings,
    mail_fingerprint,
    mail_identity,
)
from postlude.services.digest.item import Item, Meaning, RecordOutcome


class BounceParser(Protocol):
    """Reads a mail that came back: bounce, complaint, reply, automatic answer."""

    def __call__(self, mail: bytes, returned: Returned, /) -> Sequence[Finding]:
        """Parse a mail into findings, one per statement."""
        ...


class Attributor(Protocol):
    """Finds the copy that a finding is about."""

    def __call__(self, finding: Finding, at: int, /) -> Attribution:
        """The copy with the evidence, or why there is none; `at` is when the mail came."""
        ...


IMAP_CHANNEL: Final = "imap:"
"""Prefix of the channel names of mailboxes that are read."""
_NULL_SENDER: Final = "<>"
_ORDINARY: Final = frozenset(
    {
        FindingKind.MAIL,
        FindingKind.REPLIED,
        FindingKind.AUTORESPONDED,
        FindingKind.UNSUBSCRIBED,
        FindingKind.DISPLAYED,
        FindingKind.DELIVERED,
        FindingKind.RELAYED,
        FindingKind.EXPANDED,
    }
)


class ReturnedMailSource(Protocol):
    """The store of returned mail."""

    def get(self, id: int) -> bytes:  # noqa: A002 - the spool's word
        """Its bytes; NotFoundError."""
        ...

    def delete(self, id: int) -> None:  # noqa: A002 - the spool's word
        """Remove it."""
        ...


def parse_returned(tags: TagReader, mail: bytes, returned: Returned) -> list[Finding]:
    """Implements `BounceParser`. By SMTP an empty sender is the null reverse-path; a mailbox does not tell it."""
    envelope = returned.mail_from or ("" if returned.channel.startswith(IMAP_CHANNEL) else _NULL_SENDER)
    return parse(mail, tags=tags, rcpt_to=returned.rcpt_to, mail_from=envelope)


class ReturnedMail:
    """The step for returned mail. The mail itself stays in the spool for a time (ReturnedKeeping).

    Exception: unrelated mail in a mailbox that is read is private. It is neither stored nor shown.
    """

    def __init__(self, mails: ReturnedMailSource, parse: BounceParser, attribute: Attributor, repeats: Repeats) -> None:
        self._mails = mails
        self._parse = parse
        self._attribute = attribute
        self._repeats = repeats

    def __call__(self, item: Item, returned: Returned) -> None:
        """Parse one mail; each new finding becomes one event."""
        raw = self._mails.get(returned.mail)
        if returned.checksum and checksum(raw) != returned.checksum:
            item.damage = f"mail {id_text(returned.mail)} that came in is damaged in the spool: it is read as it is"
        reported = [(finding, self._attribute(finding, returned.at)) for finding in self._parse(raw, returned)]
        if returned.channel.startswith(IMAP_CHANNEL) and all(_is_ordinary(*one) for one in reported):
            item.outcome = RecordOutcome.ORDINARY
            item.meaning = Meaning(afterwards=partial(self._mails.delete, returned.mail))
            return
        identity = mail_identity(raw)
        apply_findings(
            item,
            [FindingMeaning(finding, means, mail_fingerprint(identity, finding, means)) for finding, means in reported],
            self._repeats,
            FindingSource(returned.at, returned.channel, returned.mail, returned.mail_from),
        )


def _is_ordinary(finding: Finding, one: Attribution) -> bool:
    return finding.kind in _ORDINARY and one.unmatched == Why.NOTHING_OF_OURS.value
