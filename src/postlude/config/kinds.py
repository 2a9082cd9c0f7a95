"""The kinds of setting: each parser takes the text and returns the value or raises ValueError with the remedy."""

import re
from collections.abc import Callable
from dataclasses import field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from postlude.kit.clock import day_start
from postlude.tokens import Prefixes

_PREFIX = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_FIRST_PREFIXES = 5  # the first version had only these; later ones have a default

Network = IPv4Network | IPv6Network


class Meta(NamedTuple):
    """One row of the table of settings."""

    parse: Callable[[str], object]
    default: str
    help: str
    secret: bool


def setting(parse: Callable[[str], object], default: str, help_text: str, *, secret: bool = False) -> Any:  # noqa: ANN401 - like dataclasses.field
    """Declare one row of the table: a dataclass field whose default went through its own parser."""
    return field(default=parse(default), metadata={"setting": Meta(parse, default, help_text, secret)})


def any_text(value: str) -> str:
    """Any text."""
    return value


def host(value: str) -> str:
    """Accept a host name or address."""
    if re.search(r"[\s/@]", value):
        raise ValueError("must be a host name or an address without scheme, path or spaces")
    return value


def address(value: str) -> str:
    """Accept an email address."""
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise ValueError("must be an email address like you@example.com")
    return value


def folder(value: str) -> Path:
    """Accept a path; made when it is missing."""
    if not value:
        raise ValueError("must name a folder")
    return Path(value).expanduser().absolute()


def maildir(value: str) -> Path | None:
    """Accept a path to a folder, made when it is missing, or nothing."""
    return Path(value).expanduser().absolute() if value else None


def optional_file(value: str) -> Path | None:
    """Accept a path to a file that exists, or nothing."""
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise ValueError("must name a file that exists")
    return path


def day(value: str) -> int:
    """Accept a day; the value is the microsecond at which it begins in UTC."""
    try:
        return day_start(value)
    except ValueError:
        raise ValueError("must be a day like 2028-01-01") from None


def switch(value: str) -> bool:
    """Accept true or false."""
    if value.lower() in {"true", "yes", "on", "1"}:
        return True
    if value.lower() in {"false", "no", "off", "0"}:
        return False
    raise ValueError("must be true or false")


def integer(low: int, high: int) -> Callable[[str], int]:
    """Accept a whole number in a range."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", value) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    """Accept one of a few words."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return parse


def word_list(value: str) -> tuple[str, ...]:
    """Accept words separated by commas."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def proxies(value: str) -> tuple[str, ...]:
    """Accept networks, and `unix` for a local socket, separated by commas."""
    try:
        return tuple(word if word == "unix" else str(ip_network(word)) for word in word_list(value))
    except ValueError as error:
        raise ValueError(f"must be networks like 10.0.0.0/8, or unix, separated by commas ({error})") from None


def networks(value: str) -> tuple[Network, ...]:
    """Accept networks separated by commas."""
    try:
        return tuple(ip_network(word) for word in word_list(value))
    except ValueError as error:
        raise ValueError(f"must be networks like 10.0.0.0/8 separated by commas ({error})") from None


def colour(value: str) -> str:
    """Accept a colour as style sheets spell it in hexadecimal."""
    if not re.fullmatch(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})", value):
        raise ValueError("must be a colour like #1d4ed8")
    return value


def new_file(value: str) -> Path | None:
    """Accept a path in a folder that exists, or nothing."""
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.parent.is_dir():
        raise ValueError("must be in a folder that exists")
    return path


def url(value: str) -> str:
    """Accept an http or https URL without path's end, or nothing."""
    if not value:
        return ""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must look like https://t.example.com")
    return value.rstrip("/")


def database(value: str) -> str:
    """Accept a database URL of an engine the state runs on, or nothing."""
    if value and not value.startswith(("sqlite:///", "postgres://", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("must look like postgresql+psycopg://user@host/name or sqlite:////path/state.sqlite")
    return value


def prefixes(value: str) -> tuple[str, ...]:
    """Accept the path prefixes; the last ones may be left out."""
    found, defaults = word_list(value), Prefixes()
    whole = (*found, *defaults[len(found) :])
    fits = _FIRST_PREFIXES <= len(found) <= len(defaults) == len(set(whole))
    if not fits or not all(map(_PREFIX.fullmatch, found)):
        raise ValueError(
            f"must be {_FIRST_PREFIXES} to {len(defaults)} different words of a-z, 0-9 and - separated by commas, "
            f"like {','.join(defaults)}"
        )
    return whole
