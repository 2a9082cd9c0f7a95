"""Closed lists of why something is left as it was. Their values are shown to people and stored; never rename one."""

from enum import StrEnum


class LinkReason(StrEnum):
    """Why a link is not tracked; NONE when it is."""

    NONE = ""
    CLICKS_OFF = "clicks_off"  # click tracking is off for this message
    TEXT_OFF = "text_off"  # link in a plain text part, and the switch for those is off
    EMPTY = "empty"
    ANCHOR = "anchor"  # leads to a place in the message itself
    SCHEME = "scheme"  # mailto, tel, cid, javascript, an application's own ...
    RELATIVE = "relative"  # no scheme or host of its own
    BAD_URL = "bad_url"  # no browser would follow it as written
    UNDECODABLE = "undecodable"  # bytes that are not text in the part's charset
    PLACEHOLDER = "placeholder"  # a merge field nobody filled in
    OWN_PAGE = "own_page"  # our unsubscribe, preferences or view-in-browser page
    ALREADY_TRACKED = "already_tracked"  # our link, of this very message
    QUOTED = "quoted"  # our link of another message: unwrapped, not tracked again
    OPTED_OUT = "opted_out"  # an attribute or scheme in the message says so
    EXCLUDED = "excluded"  # by host, URL prefix or position
    UNIVERSAL_LINK = "universal_link"  # opens an app only when its own host is clicked
    UNSUBSCRIBE = "unsubscribe"
    TEXT_SHOWS_HOST = "text_shows_host"  # the visible text is a URL: readers warn when host and text differ
    TOO_LONG = "too_long"  # the tracked URL would not fit a request line or a line of the message
    TOO_MANY = "too_many"


class PartReason(StrEnum):
    """Why a part, or with path "" the whole message, is left as it was."""

    SIGNED = "signed"
    ENCRYPTED = "encrypted"
    SMIME = "smime"
    PGP = "pgp"
    CALENDAR = "calendar"
    MESSAGE = "message"  # an attached message
    ATTACHMENT = "attachment"
    UNKNOWN_ENCODING = "unknown_encoding"  # transfer encoding
    BROKEN_ENCODING = "broken_encoding"
    UNSUPPORTED_CHARSET = "unsupported_charset"  # bytes are not a superset of ASCII
    BROKEN_MULTIPART = "broken_multipart"
    TOO_DEEP = "too_deep"
    TOO_MANY_PARTS = "too_many_parts"
    NO_HEADERS = "no_headers"
    DKIM_SIGNED = "dkim_signed"  # signed by its own domain, and we do not sign for that
    NO_HTML = "no_html"  # nowhere to put a pixel
