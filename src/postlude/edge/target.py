"""Request targets: from whatever a gateway made of a URL of ours back to its parts."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_PARTS: Final = 4


class Target(NamedTuple):
    """`/{prefix}/{token}/{rest}`; what is missing is empty."""

    prefix: bytes
    token: bytes
    rest: bytes


def readings(target: bytes) -> Iterator[Target]:
    """The target as it is, then decoded once and twice; each with extra slashes, a scheme and a host taken off.

    Whatever is signed decides which reading is right; a forged one is right in none.
    """
    seen: set[bytes] = set()
    for _ in range(3):
        plain = _path(target)
        if plain not in seen:
            seen.add(plain)
            parts = plain.split(b"/", _PARTS - 2)
            yield Target(*parts, *([b""] * (_PARTS - 1 - len(parts))))
        target = unquote_to_bytes(target)


def plain_path(target: bytes) -> str:
    """The path without query, decoded once, for names such as `/robots.txt`."""
    return unquote_to_bytes(b"/" + _path(target).partition(b"?")[0].partition(b"#")[0]).decode("utf-8", "replace")


def without_query(part: bytes) -> bytes:
    """The part of our URL before a query or fragment that was appended to it."""
    return part.partition(b"?")[0].partition(b"#")[0]


def _path(target: bytes) -> bytes:
    if not target.startswith(b"/"):
        scheme, found, rest = target.partition(b"://")
        if found and scheme.lower() in {b"http", b"https"}:
            target = rest[rest.find(b"/") :] if b"/" in rest else b""
    return target.lstrip(b"/")
