"""Request headers, reduced to what hits are judged by.

A header block is parsed once: image proxies and keep-alive clients repeat the same block, so blocks are cached by their
bytes (bounded).
"""

import re
from collections.abc import Iterable
from typing import Final

# A strict subset of RFC 9112 5: anything that does not look exactly so is left to the full parser.
_LINE: Final = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}:[^\x00-\x08\x0a-\x1f\x7f]*\r\n"
_BLOCK: Final = re.compile(rb"(?:" + _LINE + rb"){1,64}\r\n").fullmatch
_NOT_SIMPLE: Final = frozenset(
    ("content-length", "transfer-encoding", "connection", "upgrade", "expect", "keep-alive", "proxy-connection")
)
_KEPT: Final = frozenset(
    (
        "accept",
        "dnt",
        "origin",
        "purpose",
        "range",
        "referer",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-gpc",
        "sec-purpose",
        "via",
        "x-moz",
        "x-purpose",
        "x-requested-with",
    )
)
_VALUE_LENGTH: Final = 256
_AGENT_LENGTH: Final = 512
_PROTO_LENGTH: Final = 8
_REMEMBERED: Final = 1024
_REMEMBERED_BYTES: Final = 2048
OWN_BROWSER: Final = "postlude-browser"
"""The one cookie that is read: the mark of a user's own browser (`edge.own_browser`)."""

_LANGUAGE: Final = re.compile(r"(?:^|,)\s*([A-Za-z]{2,3})\b")


class RequestHead:
    """The parsed content of one header block."""

    __slots__ = ("content_type", "forwarded", "kept", "language", "own_mark", "proto", "simple", "user_agent")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.kept: dict[str, str] = {}
        self.user_agent = self.forwarded = self.proto = self.language = self.content_type = self.own_mark = ""
        self.simple = True
        for name, value in pairs:
            self._take(name.lower(), value.strip(" \t"))  # RFC 9110 5.5; httptools leaves what follows

    def _take(self, name: str, value: str) -> None:
        if name == "user-agent":
            self.user_agent = value[:_AGENT_LENGTH]
        elif name == "x-forwarded-for":
            self.forwarded = f"{self.forwarded},{value}" if self.forwarded else value
        elif name == "x-forwarded-proto":
            self.proto = value[:_PROTO_LENGTH]
        elif name == "accept-language":
            self.language = value
            # The class only: the full header is nearly a fingerprint.
            self.kept[name] = ",".join(list(dict.fromkeys(_LANGUAGE.findall(value.lower())))[:2])
        elif name == "cookie":
            marks = (one.strip() for one in value.split(";") if one.strip().startswith(f"{OWN_BROWSER}="))
            self.own_mark = next(marks, "").partition("=")[2]
            self.simple = self.simple and not self.own_mark
        elif name == "content-type":
            self.content_type = value
        elif name in _KEPT:
            self.kept[name] = value[:_VALUE_LENGTH]
        elif name in _NOT_SIMPLE:
            self.simple = self.simple and name == "connection" and value.lower() == "keep-alive"


class Heads:
    """Recently seen header blocks."""

    def __init__(self) -> None:
        self._known: dict[bytes, RequestHead | None] = {}
        self.get = self._known.get
        """The RequestHead of a block's bytes, None when `learn` has to look at it."""

    def learn(self, block: bytes) -> RequestHead | None:
        """Understand `block` (header lines with the empty line); None when the full parser must see it."""
        if len(block) > _REMEMBERED_BYTES or _BLOCK(block) is None:
            return None
        head = RequestHead(map(_pair, block[:-4].split(b"\r\n")))
        if not head.simple:
            return None
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[block] = head
        return head


def _pair(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b":")
    return name.decode("ascii"), value.decode("latin-1")
