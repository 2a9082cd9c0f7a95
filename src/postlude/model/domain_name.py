"""Domain names in their two spellings: `münchen.example` for people, `xn--mnchen-3ya.example` for DNS and mail servers.

One domain is one key, whichever spelling is used. Names are mapped by UTS 46, not transitional, and checked by IDNA
2008: `faß.example` is not `fass.example`, which is another domain.
"""

from typing import Final

from postlude.model.errors import InputError

MAX_DOMAIN: Final = 253
_DOTS: Final = str.maketrans("。．｡", "...")  # noqa: RUF001 - what East Asian keyboards type


class DomainError(InputError):
    """This is not a domain name: look for a typing error."""


def ascii_domain(domain: str) -> str:
    """The domain as it goes over the wire: A-labels (RFC 5890) in lower case. DomainError for letters no domain has.

    Of a name in ASCII nothing is checked.
    """
    return domain.lower() if domain.isascii() else checked_domain(domain)


def checked_domain(domain: str) -> str:
    """As `ascii_domain`, and a name in ASCII is checked as well."""
    import idna  # noqa: PLC0415 - its tables cost 2 MB: only for domains that need them

    if len(domain) > MAX_DOMAIN:
        raise DomainError(f"{domain[:40]!r}... is longer than a domain name may be: look for a typing error")
    try:
        return idna.encode(domain.translate(_DOTS), uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise DomainError(f"{domain!r} is not a valid domain name: look for a typing error") from error


def shown_domain(domain: str) -> str:
    """The domain in its own script, where it has one."""
    if "xn--" not in domain.lower():
        return domain
    import idna  # noqa: PLC0415 - as above

    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def same_domain(domain: str) -> str:
    """What two spellings of one domain have in common, for looking up and comparing. Never an error."""
    try:
        return ascii_domain(domain)
    except DomainError:
        return domain.lower()


def ascii_address(address: str) -> str:
    """The address with its domain in A-labels; the local part stays. DomainError as `ascii_domain`."""
    local, at, domain = address.rpartition("@")
    return address if domain.isascii() or not at else f"{local}@{ascii_domain(domain)}"


def address_key(address: str) -> str:
    """What an address is looked up and compared by: lower case, the domain in A-labels. Never an error."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local.lower()}{at}{domain.lower() if domain.isascii() else same_domain(domain)}"


def spellings(address: str) -> tuple[str, ...]:
    """How an address may stand in a text in lower case: its key, and the domain in its own script.

    A text without `@` stays as it is.
    """
    if "@" not in address:
        return (address,)
    key = address_key(address)
    local, at, domain = key.rpartition("@")
    return tuple(dict.fromkeys((key, f"{local}{at}{shown_domain(domain)}")))


def browser_host(host: str) -> str:
    """The host as browsers ask for it: mapped by UTS 46, its letters not checked; empty where they do not.

    Wider than `ascii_domain`: a link to an emoji domain works, mail to it cannot be sent.
    """
    import idna  # noqa: PLC0415 - as above

    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False)
        labels = [
            part if part.isascii() else f"xn--{part.encode('punycode').decode('ascii')}" for part in mapped.split(".")
        ]
    except (idna.IDNAError, UnicodeError):
        return ""
    # Joiners are allowed in few places, where two browsers may differ.
    return "" if any(joiner in mapped for joiner in "\u200c\u200d") else ".".join(labels)
