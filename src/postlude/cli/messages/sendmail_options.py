"""Parser of /usr/sbin/sendmail's command line and standard input.

The options are forty years old and follow no rule a modern parser knows (`-odi`, `-fname`, `-ti`, `--`).
"""

from dataclasses import dataclass, field
from typing import Final

from postlude.mail.header_block import HeaderBlock, without_fields
from postlude.model.errors import InputError
from postlude.services.messages.accept import with_crlf

_FLAGS: Final = frozenset("itvnGUmsx")
_OWN_VALUE: Final = frozenset("fFrNRVXBhLpO")  # the value may be the next word
_GLUED: Final = frozenset("oqbACDd")  # the value, if any, is in the same word
_NO_HEADER: Final = (
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
)


class UsageError(InputError):
    """The command line means nothing sendmail would understand. See `postlude sendmail --help`."""

    exit_code = 64


@dataclass
class Given:
    """The parsed command line."""

    recipients: list[str] = field(default_factory=list)
    sender: str | None = None
    name: str = ""
    from_headers: bool = False
    dots: bool = False
    """A line with one dot is part of the message."""
    notify: str = ""
    ret: str = ""
    envid: str = ""
    mode: str = "m"
    help: bool = False


def parse(arguments: list[str]) -> Given:
    """Read the options; UsageError for what sendmail would not understand either."""
    given, words = Given(), list(arguments)
    while words:
        word = words.pop(0)
        if word == "--":
            given.recipients += words
            break
        if word == "--help":
            given.help = True
        elif not word.startswith("-") or word == "-":
            given.recipients.append(word)
        else:
            _option(given, word[1:], words)
    return given


def _option(given: Given, options: str, words: list[str]) -> None:
    option, rest = options[0], options[1:]
    if option in _FLAGS:
        given.from_headers |= option == "t"
        given.dots |= option == "i"
        if rest:  # -ti
            _option(given, rest, words)
        return
    if option in _OWN_VALUE and not rest:
        if not words:
            raise UsageError(f"option -{option} needs a value")
        rest = words.pop(0)
    if option not in _OWN_VALUE and option not in _GLUED:
        raise UsageError(f"unknown option -{option}; `postlude sendmail --help` lists the known ones")
    _valued(given, option, rest)


def _valued(given: Given, option: str, value: str) -> None:
    match option:
        case "f" | "r":
            given.sender = value.strip("<>")
        case "F":
            given.name = value
        case "N":
            given.notify = value.upper()
        case "R":
            given.ret = value.upper()
        case "V":
            given.envid = value
        case "b":
            given.mode = value or "m"
        case "o":
            given.dots |= value == "i"
        case _:
            pass  # how sendmail's own daemon would queue, log and listen: decided elsewhere here


@dataclass(frozen=True)
class Composed:
    """The message to send."""

    sender: str
    recipients: list[str]
    raw: bytes


def compose(given: Given, raw: bytes, account: str) -> Composed:
    """Envelope and message. `account` is the caller's address; its domain completes bare names.

    UsageError when there is no recipient.
    """
    raw = with_crlf(raw if given.dots else _until_dot(raw))
    head = HeaderBlock(raw)
    if not head.fields:  # echo hello | sendmail bob
        raw = _NO_HEADER + b"\r\n" + raw.removeprefix(b"\r\n")
    elif not head.complete:  # printf 'Subject: x\n' | sendmail bob
        raw = raw.rstrip(b"\r\n") + b"\r\n\r\n"
    head = HeaderBlock(raw)
    recipients = list(given.recipients)
    if given.from_headers:
        recipients += [address for name in ("to", "cc", "bcc") for address in head.addresses(name)]
        raw = without_fields(raw, head, frozenset({"bcc"}))
    if not recipients:
        raise UsageError("no recipient: name one, or give -t to take them from To, Cc and Bcc")
    domain = account.rpartition("@")[2]
    sender = given.sender if given.sender is not None else next(iter(head.addresses("from")), account)
    if not head.addresses("from"):
        raw = _from_field(given.name, _full(sender or account, domain)) + raw
    full = [_full(address, domain) for address in recipients]
    return Composed(_full(sender, domain) if sender else "", list(dict.fromkeys(full)), raw)


def _from_field(name: str, address: str) -> bytes:
    words = "".join(c for c in name if c.isprintable() and c not in '"\\')
    return (f'From: "{words}" <{address}>\r\n' if words else f"From: {address}\r\n").encode()


def _until_dot(raw: bytes) -> bytes:
    lines = raw.splitlines(keepends=True)
    ends = (number for number, line in enumerate(lines) if line.rstrip(b"\r\n") == b".")
    return b"".join(lines[: next(ends, len(lines))])


def _full(address: str, domain: str) -> str:
    """A bare name is in the caller's own domain, as with sendmail."""
    plain = address.strip("<>")
    return plain if "@" in plain else f"{plain}@{domain}"
