"""Reading one address as people and their files write it, down to the form that goes over the wire."""

import re
from typing import Final, NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

from postlude.model.domain_name import MAX_DOMAIN, DomainError, checked_domain, shown_domain
from postlude.model.errors import InputError

MAX_LOCAL: Final = 64  # octets, RFC 5321 4.5.3.1.1
MAX_ADDRESS: Final = 254  # octets, RFC 5321 4.5.3.1.3 less the angle brackets
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN: Final = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_LOWER: Final = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
_LOCAL: Final = re.compile(rf"(?:{_ATEXT}|[^\x00-\x9f\s])+(?:\.(?:{_ATEXT}|[^\x00-\x9f\s])+)*")
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_QUOTED: Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[ -~])*"')
# Possessive, so that time is in proportion to the text: who is logged in may type a megabyte.
_RUN: Final = re.compile(r"([^\s,;]++)(\s*+[,;])?")
_NO_TEXT: Final = re.compile(r"[\ud800-\udfff]")
_SEVERAL: Final = re.compile(r"@(?:[^,;\s@]++@?+|@)[,;\s](?:[,;]*+\s)*+\S[^\s@]*+@")
BIDIRECTIONAL: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Invisible characters that come along when an address is copied: joiners, byte order marks, direction marks.
_INVISIBLE: Final = dict.fromkeys(
    map(ord, "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff" + BIDIRECTIONAL)
)
_DOTS: Final = str.maketrans("。．｡＠", "...@")  # noqa: RUF001 - what East Asian keyboards type


class AddressError(InputError):
    """This is not an address that mail can be sent to. `reason` is why, `remedy` what to write instead."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}: {remedy}")
        self.reason = reason
        self.remedy = remedy


class Mailbox(NamedTuple):
    """An address, and the name that stood beside it."""

    spelled: str
    """The local part as it was given, the domain as lower case A-labels (RFC 5890)."""
    name: str = ""

    @property
    def shown(self) -> str:
        """As people read it: the domain in its own script."""
        return shown(self.spelled)


def is_plain_address(text: str) -> bool:
    """An address that is its own wire form and its own key: ASCII, in lower case, nothing to take away."""
    return len(text) <= MAX_LOCAL and _LOWER.fullmatch(text) is not None


def read_mailbox(text: str) -> Mailbox:
    """The address in `text`: bare, `Name <address>` or `mailto:`, with stray blanks; AddressError when there is none.

    Quoted local parts (RFC 5321 4.1.2) and local parts in any script (RFC 6531) are addresses; domains are read by
    UTS 46 into A-labels, so that two spellings of one domain are one contact.
    """
    if _PLAIN.fullmatch(text) and len(text) <= MAX_LOCAL:  # whole: then the local part is within its limit, too
        local, _, domain = text.rpartition("@")
        return Mailbox(f"{local}@{domain.lower()}")
    return _slow(text)


def shown(spelled: str) -> str:
    """The address with its domain in its own script, where it has one."""
    local, at, domain = spelled.rpartition("@")
    return local + at + shown_domain(domain)


def _slow(text: str) -> Mailbox:
    if _NO_TEXT.search(text):
        raise AddressError("bytes outside UTF-8", "write it in UTF-8")
    bare = normalize("NFC", text.translate(_INVISIBLE)).strip()
    name = ""
    if not bare:
        raise AddressError("the address is missing", "fill the cell, or delete the row")
    written = ""
    before, bracket, inside = bare[:-1].rpartition("<")
    if bracket and bare.endswith(">") and ">" not in inside:
        written, bare = before.strip(), inside.strip()
        name = written.strip("\"'").strip()
    if _SEVERAL.search(bare) or (not written.startswith('"') and _lists_address(written)):
        raise AddressError("more than one address", "write one row for each")
    if bare[:7].lower() == "mailto:":
        bare = unquote(bare[7:].partition("?")[0])
    bare = bare.strip().strip("'").rstrip(".,;").translate(_DOTS)
    local, at, domain = bare.rpartition("@")
    if not at or not local or not domain:
        raise AddressError("no address", "write it as name@example.com")
    if not _QUOTED.fullmatch(local):
        local = local.strip()
        _check_local(local)
    domain = _domain(domain.strip())
    found = f"{local}@{domain}"
    if len(local.encode()) > MAX_LOCAL:
        raise AddressError(
            f"more than {MAX_LOCAL} octets before the @", "no server accepts it: look for a typing error"
        )
    if len(found.encode()) > MAX_ADDRESS:
        raise AddressError(f"longer than {MAX_ADDRESS} octets", "no server accepts it: look for a typing error")
    return Mailbox(found, name)


def _lists_address(text: str) -> bool:
    """An address with a comma behind it: what follows is a further one."""
    return any("." in run[run.find("@", 1) + 2 : -1] for run, listed in _RUN.findall(text) if listed and "@" in run[1:])


def _check_local(local: str) -> None:
    if _LOCAL.fullmatch(local):
        return
    if ".." in local or local.startswith(".") or local.endswith("."):
        raise AddressError("a misplaced dot before the @", f'remove it, or quote it: "{local}"@...')
    if "@" in local:
        raise AddressError("more than one @", "write one address per row, as name@example.com")
    if re.search(r"\s", local):
        raise AddressError("a space before the @", f'remove it, or quote it: "{local}"@...')
    wrong = next((c for c in local if not _LOCAL.fullmatch(c) and c != "."), "?")
    raise AddressError(f"{wrong!r} cannot stand before the @", "look for a typing error")


def _domain(domain: str) -> str:
    if domain.startswith("["):
        raise AddressError("an IP address instead of a domain", "write the domain's name")
    if re.search(r"[\s@]", domain):
        raise AddressError("a space in the domain", "remove it")
    if domain.isascii() and "--" not in domain and _HOST.fullmatch(domain):
        return _checked(domain, domain.lower())
    try:
        wire = checked_domain(domain)
    except DomainError as error:
        raise AddressError(f"{domain!r} is not a valid domain name", "look for a typing error after the @") from error
    return _checked(domain, wire)


def _checked(domain: str, wire: str) -> str:
    if "." not in wire:
        raise AddressError(f"{domain!r} has no top-level domain", "write it in full, as example.com")
    if wire.rpartition(".")[2].isdigit() or len(wire) > MAX_DOMAIN:
        raise AddressError(f"{domain!r} is not a valid domain name", "look for a typing error after the @")
    return wire
