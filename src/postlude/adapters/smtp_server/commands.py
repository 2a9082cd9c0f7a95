"""MAIL and RCPT with their parameters (RFC 5321 4.1.2, RFC 1870, 6152, 6531, 3461)."""

import re
from typing import Final, NamedTuple

from postlude.kit.whole_number import whole_number

_PATH: Final = re.compile(
    r"(?:<(?:@[^:<>]*:)?(?P<angle>(?:\"(?:[^\"\\]|\\.)*\"@)?[^<>\s]*)>|(?P<bare>[^<>\s]+))(?:\s+(?P<rest>.*))?",
    re.DOTALL,
)
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\s=]+(?:=[^\s]*)?))?")
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_HEX: Final = re.compile(r"\+([0-9A-F]{2})")
_NOTIFY: Final = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
_ORCPT: Final = re.compile(r"[A-Za-z0-9-]{1,40};(?:[!-*,-<>-~]|\+[0-9A-F]{2}){1,500}")
_SIZE_DIGITS: Final = 20  # RFC 1870 section 4
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LOCAL_OCTETS: Final = 64  # RFC 5321 4.5.3.1.1
_ADDRESS_OCTETS: Final = 254  # RFC 5321 4.5.3.1.3, erratum 1690


class SyntaxRefused(Exception):  # noqa: N818 - a reply, not a fault of ours
    """The command is refused; the text is a complete SMTP reply."""


class Command(NamedTuple):
    """MAIL or RCPT, taken apart."""

    address: str
    """Empty for the null reverse-path."""
    parameters: dict[str, str]
    """Names in upper case; empty text for a parameter without a value."""

    @property
    def utf8(self) -> bool:
        """SMTPUTF8 was requested."""
        return "SMTPUTF8" in self.parameters

    @property
    def dsn(self) -> tuple[str, str]:
        """NOTIFY and ORCPT as they were given, empty where they were not."""
        return self.parameters.get("NOTIFY", "").upper(), self.parameters.get("ORCPT", "")

    @property
    def ret(self) -> str:
        """Content of a delivery report: `FULL`, `HDRS` or empty."""
        return self.parameters.get("RET", "").upper()

    @property
    def envid(self) -> str:
        """The DSN envelope id, decoded from xtext."""
        return unxtext(self.parameters.get("ENVID", ""))


_MAIL_PARAMETERS: Final = frozenset({"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"})
_RCPT_PARAMETERS: Final = frozenset({"NOTIFY", "ORCPT"})


def parse_mail(argument: str | None, max_bytes: int) -> Command:
    """`FROM:<address> parameters`; SyntaxRefused with the reply."""
    command = _parse(argument, "FROM:", "MAIL FROM:<address>", _MAIL_PARAMETERS)
    size = whole_number(command.parameters.get("SIZE", "0"), _SIZE_DIGITS)
    if size is None:
        raise SyntaxRefused("501 5.5.4 SIZE takes a number of bytes (RFC 1870)")
    if size > max_bytes:
        raise SyntaxRefused(too_large(max_bytes))
    if command.parameters.get("BODY", "7BIT").upper() not in {"7BIT", "8BITMIME"}:
        raise SyntaxRefused("501 5.5.4 BODY must be 7BIT or 8BITMIME")
    if command.ret not in {"", "FULL", "HDRS"}:
        raise SyntaxRefused("501 5.5.4 RET must be FULL or HDRS (RFC 3461)")
    if command.address:
        check_address(command.address, utf8=command.utf8, code="5.1.7")
    return command


def parse_rcpt(argument: str | None, *, utf8: bool) -> Command:
    """`TO:<address> parameters`; SyntaxRefused with the reply."""
    command = _parse(argument, "TO:", "RCPT TO:<address>", _RCPT_PARAMETERS)
    if not command.address:
        raise SyntaxRefused("550 5.1.3 The recipient is empty; name an address")
    check_address(command.address, utf8=utf8, code="5.1.3")
    notify, orcpt = command.dsn
    words = notify.split(",") if notify else []
    if not _NOTIFY.issuperset(words) or ("NEVER" in words and len(words) > 1):
        raise SyntaxRefused("501 5.5.4 NOTIFY must be NEVER, or any of SUCCESS,FAILURE,DELAY (RFC 3461)")
    if orcpt and not _ORCPT.fullmatch(orcpt):
        raise SyntaxRefused("501 5.5.4 ORCPT must look like rfc822;name@example.org, in xtext (RFC 3461)")
    return command


def too_large(max_bytes: int) -> str:
    """The reply to a message beyond the limit."""
    return f"552 5.3.4 The message is larger than the {max_bytes:,} bytes taken here; send less or a link to it"


def check_address(address: str, *, utf8: bool, code: str) -> None:
    """SyntaxRefused unless `address` can be mailed: `local@domain`, no control characters, lengths of RFC 5321."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise SyntaxRefused(f"553 {code} {_shown(address)} has no domain; write name@example.org")
    if _CONTROL.search(address) or "\udc80" <= max(address) <= "\udcff":
        raise SyntaxRefused(f"553 {code} The address contains characters that are not allowed")
    if not utf8 and not address.isascii():
        raise SyntaxRefused("553 5.6.7 The address is not ASCII; add SMTPUTF8 to MAIL (RFC 6531)")
    if len(local.encode()) > _LOCAL_OCTETS or len(address.encode()) > _ADDRESS_OCTETS:
        raise SyntaxRefused(f"553 {code} The address is longer than RFC 5321 allows")
    if domain.startswith("[") and domain.endswith("]"):
        return
    labels = domain.encode("ascii", "replace").decode().replace("?", "x").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise SyntaxRefused(f"553 5.1.2 {_shown(domain)} is not a valid domain name; check the spelling")
    if labels[-1].lower() == "invalid":
        raise SyntaxRefused("550 5.1.2 Domains under .invalid never exist (RFC 6761); check the address")


def unxtext(value: str) -> str:
    """RFC 3461 section 4 decoded."""
    return _HEX.sub(lambda match: chr(int(match[1], 16)), value)


def _parse(argument: str | None, keyword: str, form: str, known: frozenset[str]) -> Command:
    text = (argument or "").strip()
    match = _PATH.fullmatch(text[len(keyword) :].strip()) if text.upper().startswith(keyword) else None
    if match is None:
        raise SyntaxRefused(f"501 5.5.4 Syntax: {form}")
    parameters: dict[str, str] = {}
    for word in (match["rest"] or "").split():
        parts = _PARAMETER.fullmatch(word)
        if parts is None:
            raise SyntaxRefused(f"501 5.5.4 Syntax: {form} NAME=VALUE ...")
        if parts[1].upper() not in known:
            raise SyntaxRefused(f"555 5.5.4 {parts[1].upper()} is not offered here")
        parameters[parts[1].upper()] = parts[2] or ""
    return Command(match["angle"] if match["bare"] is None else match["bare"], parameters)


def _shown(text: str) -> str:
    return _CONTROL.sub("?", text.encode("utf-8", "replace").decode())[:100]
