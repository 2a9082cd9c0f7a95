"""Places in the feed and in lists, as programs keep them: opaque, URL-safe, only to be handed back."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Final

from postlude.api.problems import ApiProblemError, ProblemCode
from postlude.kit.ids import ID_BITS

_FORM: Final = struct.Struct(">BQ")
_FEED: Final = 3
_MESSAGES: Final = 2


def feed_cursor(place: int) -> str:
    """Behind this place of `services.reports.feed_page`."""
    return _written(_FEED, place)


def read_feed_cursor(text: str) -> int:
    """Read `feed_cursor` back; a problem for whatever is none."""
    return _read(_FEED, text)


def message_cursor(message: int) -> str:
    """Behind this message, in lists that are newest first."""
    return _written(_MESSAGES, message)


def read_message_cursor(text: str) -> int:
    """Read `message_cursor` back; a problem for whatever is none."""
    return _read(_MESSAGES, text)


def _written(kind: int, number: int) -> str:
    return urlsafe_b64encode(_FORM.pack(kind, number)).decode()


def _read(kind: int, text: str) -> int:
    try:
        found, number = _FORM.unpack(urlsafe_b64decode(text))
    except (Error, ValueError, struct.error):
        found, number = 0, 0
    if found != kind or number >> ID_BITS:
        raise ApiProblemError(ProblemCode.CURSOR_INVALID, f"{text[:60]!r} does not come from this call.", field="after")
    return int(number)
