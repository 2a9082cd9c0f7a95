"""The DNS records that a sending domain needs, and a check of the published ones."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol


class Lookup(Protocol):
    """Asks DNS."""

    def __call__(self, name: str, kind: str, /) -> list[str]:
        """The records of `name`, empty when there are none; TransportError when DNS does not answer."""
        ...


_SPACE: Final = re.compile(r"\s+")
_TAG: Final = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)")
_ALL: Final = re.compile(r"(?:^|\s)[-~?+]?all(?=\s|$)", re.IGNORECASE)
_STRING: Final = 255  # RFC 1035 3.3: one character-string; longer texts are several, joined without a blank


UNNAMED: Final = "set POSTLUDE_SERVER_NAME to this server's public name: then the value is shown"


class LookupFailedError(Exception):
    """The DNS server did not answer, or answered that it cannot."""

    def __init__(self, text: str, *, silent: bool = False) -> None:
        super().__init__(text)
        self.silent: Final = silent
        """It did not answer at all, so the next question would only take as long."""


class RecordState(StrEnum):
    """What was found for one record."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # DNS could not be asked


class DnsRecord(NamedTuple):
    """One record to publish."""

    purpose: str
    """DKIM, SPF, DMARC, tracking or bounces."""
    name: str
    type: str
    value: str
    """Empty while it is not known: no placeholder, because users would copy it."""
    why: str
    needed: bool = True
    """Without it mail is not delivered well; else it is only good to have."""

    def zone(self) -> str:
        """The record as a line of a zone file."""
        value = self.value
        if self.type == "TXT":
            cut = [value[at : at + _STRING] for at in range(0, len(value), _STRING)]
            value = " ".join('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in cut)
        return f"{self.name}. 3600 IN {self.type} {value}"


class RecordCheck(NamedTuple):
    """A record and its published state."""

    record: DnsRecord
    state: RecordState
    found: tuple[str, ...]
    remedy: str
    """What to do; empty when all is well."""


class Setup(NamedTuple):
    """What the records depend on besides the domain."""

    tracking_host: str
    """Host of tracked links; empty when it is not public."""
    return_domain: str
    """Domain of envelope senders; empty when bounces do not come to us."""
    server: str
    """This server's public name; empty while it is not set."""
    mechanism: str
    """What SPF must allow, such as `include:amazonses.com`; empty where that needs the server's name."""


class PublishedKey(NamedTuple):
    """A DKIM key as DNS shows it."""

    selector: str
    record: str


def records(domain: str, keys: Sequence[PublishedKey], setup: Setup) -> list[DnsRecord]:
    """All records for mail from `domain`."""
    out = [
        DnsRecord("DKIM", f"{selector}._domainkey.{domain}", "TXT", value, "proves that mail is from you and unchanged")
        for selector, value in keys
    ]
    envelope = setup.return_domain or domain
    spf = f"v=spf1 {setup.mechanism} ~all" if setup.mechanism else ""
    out.append(
        DnsRecord("SPF", envelope, "TXT", spf, "lists the servers that may send for the envelope sender's domain")
    )
    out.append(
        DnsRecord(
            "DMARC",
            f"_dmarc.{domain}",
            "TXT",
            "v=DMARC1; p=none",
            "tells receivers what to do with mail that fails authentication",
        )
    )
    if setup.tracking_host:
        why = "where tracked links and pixels lead; it may also be an A or AAAA record"
        out.append(DnsRecord("tracking", setup.tracking_host, "CNAME", f"{setup.server}." if setup.server else "", why))
    if setup.return_domain:
        why = "routes bounces and complaints to the inbound server"
        out.append(DnsRecord("bounces", setup.return_domain, "MX", f"10 {setup.server}." if setup.server else "", why))
    return out


def check(wanted: Sequence[DnsRecord], lookup: Lookup) -> list[RecordCheck]:
    """Look up every record; stops when DNS does not answer."""
    found: list[RecordCheck] = []
    silent: LookupFailedError | None = None
    for record in wanted:
        try:
            if silent is not None:
                raise silent
            found.append(_CHECKS[record.purpose](record, lookup) if record.value else _unnamed(record))
        except LookupFailedError as error:
            silent = error if error.silent else None
            remedy = f"DNS did not answer ({error}): try again, or set POSTLUDE_DNS_SERVER"
            found.append(RecordCheck(record, RecordState.UNKNOWN, (), remedy))
    return found


def _dkim(record: DnsRecord, lookup: Lookup) -> RecordCheck:
    found = tuple(lookup(record.name, "TXT"))
    if not found:
        return _missing(record)
    wanted, reported = _tags(record.value), [_tags(each) for each in found]
    if len(found) > 1:
        return RecordCheck(
            record, RecordState.WRONG, found, "two records under one selector: keep only the value shown"
        )
    if reported[0].get("p") == "":
        return RecordCheck(
            record, RecordState.WRONG, found, "the key is revoked (p= is empty): publish the value shown"
        )
    if reported[0].get("p") != wanted["p"] or reported[0].get("k", "rsa") != wanted["k"]:
        remedy = "another key is published: replace it with the value shown, without line breaks or spaces in p="
        return RecordCheck(record, RecordState.WRONG, found, remedy)
    return RecordCheck(record, RecordState.OK, found, "")


def _spf(record: DnsRecord, lookup: Lookup) -> RecordCheck:
    found = tuple(each for each in lookup(record.name, "TXT") if each.lower().split(" ")[0] == "v=spf1")
    if not found:
        return _missing(record)
    if len(found) > 1:
        remedy = "several SPF records are invalid (RFC 7208 3.2): join them into one"
        return RecordCheck(record, RecordState.WRONG, found, remedy)
    mechanism = record.value.split(" ")[1]
    if mechanism.lower() not in found[0].lower().split():
        written = (
            _ALL.sub(f" {mechanism}\\g<0>", found[0], count=1) if _ALL.search(found[0]) else f"{found[0]} {mechanism}"
        )
        return RecordCheck(
            record, RecordState.WRONG, found, f"it does not allow {mechanism}: make it {written.strip()}"
        )
    return RecordCheck(record, RecordState.OK, found, "")


def _dmarc(record: DnsRecord, lookup: Lookup) -> RecordCheck:
    name = record.name.removeprefix("_dmarc.")
    while name.count(".") >= 1:  # a domain above it speaks for it as well (RFC 7489 6.6.3)
        found = tuple(each for each in lookup(f"_dmarc.{name}", "TXT") if each.lower().startswith("v=dmarc1"))
        if len(found) > 1:
            return RecordCheck(record, RecordState.WRONG, found, "several DMARC records are invalid: keep one")
        if found:
            if _tags(found[0]).get("p", "").lower() not in {"none", "quarantine", "reject"}:
                return RecordCheck(record, RecordState.WRONG, found, "it has no policy: begin it with v=DMARC1; p=none")
            return RecordCheck(record, RecordState.OK, found, "")
        name = name.partition(".")[2]
    return _missing(record)


def _tracking(record: DnsRecord, lookup: Lookup) -> RecordCheck:
    found = tuple(lookup(record.name, "CNAME"))
    addresses = (*lookup(record.name, "A"), *lookup(record.name, "AAAA"))
    if not found and not addresses:
        return _missing(record)
    if not addresses:
        remedy = f"it points at {found[0]}, which has no address: let it point at a name that leads to this server"
        return RecordCheck(record, RecordState.WRONG, found, remedy)
    return RecordCheck(record, RecordState.OK, (*found, *addresses), "")


def _bounces(record: DnsRecord, lookup: Lookup) -> RecordCheck:
    found = tuple(lookup(record.name, "MX"))
    hosts = [each.partition(" ")[2].rstrip(".") for each in found]
    if not found:
        return _missing(record)
    if hosts == [""]:
        remedy = "the domain accepts no mail (null MX): replace it with the value shown"
        return RecordCheck(record, RecordState.WRONG, found, remedy)
    dead = [host for host in hosts if host and not lookup(host, "A") and not lookup(host, "AAAA")]
    if dead:
        remedy = f"it names {', '.join(dead)}, which has no address: let the MX name a server that exists"
        return RecordCheck(record, RecordState.WRONG, found, remedy)
    return RecordCheck(record, RecordState.OK, found, "")


_CHECKS: Final[dict[str, Callable[[DnsRecord, Lookup], RecordCheck]]] = {
    "DKIM": _dkim,
    "SPF": _spf,
    "DMARC": _dmarc,
    "tracking": _tracking,
    "bounces": _bounces,
}


def _unnamed(record: DnsRecord) -> RecordCheck:
    return RecordCheck(record, RecordState.UNKNOWN, (), UNNAMED)


def _missing(record: DnsRecord) -> RecordCheck:
    remedy = f"add a {record.type} record named {record.name} with the value shown"
    return RecordCheck(record, RecordState.MISSING, (), remedy)


def _tags(value: str) -> dict[str, str]:
    """`k=rsa; p=...` taken apart; blanks inside values do not count (RFC 6376 3.2)."""
    found = (_TAG.match(each) for each in value.split(";"))
    return {match[1]: _SPACE.sub("", match[2]) for match in found if match is not None}
