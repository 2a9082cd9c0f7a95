"""Closed lists of why something is left as it is. Their values are shown to people and stored; never rename one."""

from enum import StrEnum
from typing import Self


class _Reason(StrEnum):
    """A word with a sentence that explains it."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """The member is its value; the sentence goes along."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class LinkReason(_Reason):
    """Why a link is not tracked; NONE when it is."""

    NONE = "", "it is tracked"
    CLICKS_OFF = "clicks_off", "click tracking is off for this message"
    TEXT_OFF = "text_off", "it stands in a plain text part, and links there are tracked only when asked for"
    EMPTY = "empty", "there is no address in it"
    ANCHOR = "anchor", "it leads to a place in the message itself"
    SCHEME = "scheme", "it is not a web link: mailto, tel, cid, javascript, an application's own ..."
    RELATIVE = "relative", "it has no scheme or no host of its own, so it leads nowhere from a message"
    BAD_URL = "bad_url", "no browser would follow it as it is written"
    WRAPPED = "wrapped", "it goes on in the next line of a plain text part, and only its beginning could be tracked"
    UNDECODABLE = "undecodable", "its bytes are not text in the part's charset"
    PLACEHOLDER = "placeholder", "it contains an unfilled merge field"
    OWN_PAGE = "own_page", "it leads to a page of ours: unsubscribe, preferences, view in browser"
    ALREADY_TRACKED = "already_tracked", "it is our tracked link, of this very message"
    QUOTED = "quoted", "it was our tracked link of another message, and now leads where that one led"
    OPTED_OUT = "opted_out", "an attribute beside it or above it, or its scheme, says so"
    EXCLUDED = "excluded", "its host, the beginning of its URL or its position is on the list of exclusions"
    UNIVERSAL_LINK = "universal_link", "it opens an app, which it only does when its own host is clicked"
    UNSUBSCRIBE = "unsubscribe", "it ends a subscription, and nothing may stand between a person and that wish"
    TEXT_SHOWS_HOST = "text_shows_host", "its visible text is a URL: mail readers warn when text and host differ"
    TOO_LONG = "too_long", "the tracked URL would not fit a request line, or a line of an unencoded message"
    TOO_MANY = "too_many", "it is behind the hundred thousandth link"


class PartReason(_Reason):
    """Why a part, or with path "" the whole message, is left unchanged."""

    SIGNED = "signed", "a signature covers it, and any change would break that"
    ENCRYPTED = "encrypted", "it cannot be read"
    SMIME = "smime", "it is signed or encrypted with S/MIME"
    PGP = "pgp", "it is signed or encrypted with OpenPGP"
    CALENDAR = "calendar", "an invitation is read by programs"
    MESSAGE = "message", "it is another message, attached or reported"
    ATTACHMENT = "attachment", "it is sent along as a file"
    UNKNOWN_ENCODING = "unknown_encoding", "its transfer encoding is not one of RFC 2045"
    BROKEN_ENCODING = "broken_encoding", "its body is not in the transfer encoding it names"
    UNSUPPORTED_CHARSET = "unsupported_charset", "in its charset a byte that looks like ASCII may be part of a letter"
    BROKEN_MULTIPART = "broken_multipart", "it names no boundary, or none that occurs in it"
    TOO_DEEP = "too_deep", "it is nested more than twenty levels deep"
    TOO_MANY_PARTS = (
        "too_many_parts",
        "the message has more than a thousand parts, or a megabyte of headers in them; the rest was not looked at",
    )
    NO_HEADERS = "no_headers", "it does not begin with header lines and a blank line"
    DKIM_SIGNED = "dkim_signed", "its own domain signed it, and that domain's key is not here to sign it again"
    NO_HTML = "no_html", "there is no HTML part that could hold a pixel"
