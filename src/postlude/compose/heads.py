"""Header fields and envelope of one copy: all contain the copy's id, signed for their purpose."""

from email.utils import format_datetime
from typing import Final

import msgspec

from postlude.compose import header
from postlude.compose.campaign import CampaignUrls
from postlude.compose.errors import TemplateError
from postlude.kit.clock import MICROS_PER_SECOND, to_datetime
from postlude.mail.header_text import one_line
from postlude.model.domain_name import same_domain
from postlude.tokens import TagPurpose, TokenCodec

ONE_CLICK: Final = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


class HeadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The header settings of a campaign, equal for all its copies."""

    sender_domain: str
    """Domain of the From address, used in Message-IDs."""
    return_domain: str = ""
    """Domain of envelope senders and tagged addresses; empty when bounces are not received."""
    list_unsubscribe: bool = True
    list_id: str = ""
    """RFC 2919, without brackets: `news.example.org`."""
    feedback: tuple[str, ...] = ()
    """Up to three names for Feedback-ID, most special first (`spring-sale`, `newsletter`); the sender comes last."""
    tagged_replies: bool = False
    """Replies are sent to Postlude and matched to their copy. Needs `return_domain`."""
    cfbl: bool = False
    """Ask for complaints by mail (RFC 9477). Only where the copies are DKIM signed for `sender_domain`."""


class CopyHeads:
    """Makes the heads of one campaign's copies. Pure; safe for threads."""

    def __init__(self, codec: TokenCodec, urls: CampaignUrls, options: HeadOptions) -> None:
        self._codec: Final = codec
        self._options: Final = options
        self._sender_domain: Final = same_domain(options.sender_domain)
        self._unsubscribe: Final = urls.unsubscribe()
        self._cfbl: Final = options.cfbl and aligned(options.return_domain, self._sender_domain)
        self._feedback: Final = ":".join(map(_feedback_part, options.feedback[:3]))
        if options.tagged_replies and not options.return_domain:
            raise TemplateError("replies", 0, "bounces need a return domain: set POSTLUDE_RETURN_DOMAIN")
        self._dated = (-1, "")  # written once a second: it costs as much as all the rest
        self._list_id: Final = f"List-Id: <{one_line(options.list_id)}>\r\n" if options.list_id else ""

    def head(self, copy: int, act: str, to: tuple[str, str], now: int) -> bytes:
        """To, Date, Message-ID and all fields with the copy's id.

        `act` is its act token, `to` is name and address, `now` microseconds.
        """
        options, domain = self._options, self._options.return_domain
        tag = self._codec.mint_tag(TagPurpose.MESSAGE_ID, copy)
        lines = [
            header.addressed("To", to).decode("utf-8"),
            f"{self._date(now)}Message-ID: <{tag}@{self._sender_domain}>\r\n",
        ]
        if options.tagged_replies:
            lines.append(f"Reply-To: {reply_address(self._codec, copy, domain)}\r\n")
        if options.list_unsubscribe:
            start, end = self._unsubscribe
            lines.append(unsubscribe_fields(self._codec, copy, start + act + end, domain))
        lines.append(self._list_id)
        if self._feedback:
            lines.append(f"Feedback-ID: {self._feedback}:{self._sender_domain}\r\n")
        if self._cfbl:
            lines.append(cfbl_fields(self._codec, copy, domain))
        return "".join(lines).encode("utf-8", "replace")

    def _date(self, now: int) -> str:
        second, field = self._dated
        if second != now // MICROS_PER_SECOND:
            second, field = now // MICROS_PER_SECOND, f"Date: {format_datetime(to_datetime(now))}\r\n"
            self._dated = second, field
        return field

    def envelope(self, copy: int, fallback: str) -> tuple[str, str]:
        """Envelope sender and ENVID; `fallback` is the sender where nothing comes back to us."""
        return envelope(self._codec, copy, fallback, self._options.return_domain)


def envelope(codec: TokenCodec, copy: int, mail_from: str, domain: str) -> tuple[str, str]:
    """Envelope sender (VERP) and ENVID. A null reverse-path stays: such mail must never bounce (RFC 5321 4.5.5)."""
    tag = codec.mint_tag(TagPurpose.BOUNCE, copy)
    return (f"bounce+{tag}@{domain}" if mail_from and domain else mail_from), tag


def reply_address(codec: TokenCodec, copy: int, domain: str) -> str:
    """Reply address of this copy."""
    return f"r+{codec.mint_tag(TagPurpose.REPLY, copy)}@{domain}"


def unsubscribe_fields(codec: TokenCodec, copy: int, url: str, domain: str) -> str:
    """List-Unsubscribe (RFC 2369) and its one-click form (RFC 8058).

    RFC 8058 section 3.1 wants HTTPS; the sandbox on a laptop has none, so plain http gets the header as well and
    only foreign mail readers, which never see it, would mind.
    """
    mailto = ""
    if domain:
        tag = codec.mint_tag(TagPurpose.UNSUBSCRIBE, copy)
        mailto = f",\r\n <mailto:u+{tag}@{domain}?subject=unsubscribe>"
    return f"List-Unsubscribe: <{url}>{mailto}\r\n{ONE_CLICK}"


def cfbl_fields(codec: TokenCodec, copy: int, domain: str) -> str:
    """Address for complaints about this copy (RFC 9477)."""
    report = codec.mint_tag(TagPurpose.BOUNCE, copy)
    tag = codec.mint_tag(TagPurpose.MESSAGE_ID, copy)
    return f"CFBL-Address: bounce+{report}@{domain}; report=arf\r\nCFBL-Feedback-ID: {tag}\r\n"


def aligned(domain: str, sender_domain: str) -> bool:
    """A report address in `domain` may be named in mail from `sender_domain` (RFC 9477 3.1.1, 3.1.2)."""
    domain, sender_domain = same_domain(domain), same_domain(sender_domain)
    return bool(domain) and (domain == sender_domain or domain.endswith("." + sender_domain))


def _feedback_part(text: str) -> str:
    """Letters, digits, `-`, `_` and `.`: the parts are separated by colons."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in one_line(text))[:40] or "-"
