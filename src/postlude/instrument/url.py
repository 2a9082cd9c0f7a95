"""Judges one link by its URL: may it be tracked, and if not, why."""

import re
from functools import lru_cache
from typing import Final

from postlude.instrument.reasons import LinkReason
from postlude.model.domain_name import browser_host

_NO_TRACK: Final = re.compile(r"(https?)\+notrack(?=://)", re.IGNORECASE)
_HTTP: Final = re.compile(r"(https?)://([^/?#]*)", re.IGNORECASE)
# The everyday URL: nothing in it can be a placeholder, a forbidden character or a trick.
_PLAIN: Final = re.compile(
    r"https?://([a-z0-9][a-z0-9.-]*+(?<!-))(?::[0-9]{1,5})?(?:[/?#][A-Za-z0-9/._~?&=+:,;!()'-]*+)?",
    re.IGNORECASE | re.ASCII,
).fullmatch
_LONGEST_AUTHORITY: Final = 300  # a name has at most 253 octets
_USER: Final = re.compile(r"(?:[a-zA-Z0-9._~!$&'()*+,;=:%-]*@)?").fullmatch
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_EDGES: Final = "".join(map(chr, range(0x21)))  # C0 controls and space
_INNER: Final = str.maketrans("", "", "\t\n\r")
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
# The limit of a redirect's destination: a tracked link that is refused at the click would be dead.
_AUTHORITY: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE | re.ASCII
).fullmatch
_PLACEHOLDER: Final = re.compile(
    r"\{\{|\}\}|\{%|\{#|<%|\$\{|#\{|\*\||\|\*|%%|@@"
    r"|\{[A-Za-z_][\w.]*\}"
    # %name%, but not %E3%81: in a real URL two hexadecimal digits follow every percent sign.
    r"|%(?![0-9A-Fa-f]{2})[A-Za-z_][\w.-]*%|%[A-Za-z_][\w.-]*%(?![0-9A-Fa-f]{2})"
)
_UNSUBSCRIBE_URL: Final = re.compile(
    r"unsubscri|opt[-_]?out(?![a-z])|desinscri|desabonn|abmeld|abbestell|list-manage\.com/(?:unsub|profile)",
    re.IGNORECASE,
)
_UNSUBSCRIBE_LABEL: Final = re.compile(
    r"\b(?:unsubscribe|opt[ -]?out|abmelden|abbestellen|désinscri|désabonn|se désinscrire|darse de baja|"
    r"cancelar (?:la )?suscripción|disiscri|annulla l'iscrizione|afmelden|uitschrijven|avregistrera|avmeld|afmeld|"
    r"odhlásit|wypisz|отписаться|配信停止|退订|수신거부)",
    re.IGNORECASE,
)
_URL_HINTS: Final = ("unsub", "opt", "inscri", "desabon", "abm", "abbest", "list-man")
_LABEL_HINTS: Final = ("scri", "opt", "abm", "abb", "abonn", "baja", "afm", "uitsch", "avreg", "avm", "odhl", "wypi")
_MORE_HINTS: Final = ("отпис", "配信停止", "退订", "수신거부")
_SHOWN: Final = re.compile(r"\s*(?:https?://|(?=www\.))([^/?#\s:]+)(?:[/:?#]\S*)?\s*", re.IGNORECASE)
_BARE: Final = re.compile(r"\s*((?:[\w-]+\.)+[a-z]{2,24})(?:/\S*)?\s*", re.IGNORECASE)


def clean_url(value: str) -> str:
    """What a browser's URL parser makes of an attribute's text first: no edges of blanks, no tabs or line ends."""
    value = value.strip(_EDGES)
    return value if value.isprintable() else value.translate(_INNER)


def is_base(url: str) -> bool:
    """Tracked URLs can begin with it: http or https, a host, plain characters, no query and no fragment."""
    return _PLAIN(url) is not None and "?" not in url and "#" not in url


def without_no_track(url: str) -> tuple[str, bool]:
    """The URL without the scheme's `+notrack`, by which its author opts out; and whether it had that."""
    found = _NO_TRACK.match(url)
    return (found[1] + url[found.end() :], True) if found else (url, False)


def host_of(url: str) -> str:
    """Lower-case host of an http URL, without user information and port; empty when there is none."""
    match = _HTTP.match(url)
    if match is None:
        return ""
    authority = match[2].rpartition("@")[2].lower()
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0]


def plain_host(url: str) -> str:
    """Lower-case host of an everyday URL, which needs no closer look; empty for every other."""
    plain = _PLAIN(url)
    return "" if plain is None else plain[1].lower()


def form(url: str) -> tuple[LinkReason, str]:
    """NONE and the host of an absolute http URL that can be followed; else what it is instead."""
    plain = plain_host(url)
    if plain:
        return LinkReason.NONE, plain
    http = _HTTP.match(url)
    if http is None or _PLACEHOLDER.search(url):
        return _not_http(url), ""
    user, at, host = http[2].rpartition("@")
    bad = _FORBIDDEN.search(url) or not _reachable(host) or not _USER(user + at)
    return (LinkReason.BAD_URL, "") if bad else (LinkReason.NONE, host_of(url))


def _reachable(authority: str) -> bool:
    """A host that can be asked for, and a port."""
    if len(authority) > _LONGEST_AUTHORITY:
        return False
    if not authority.isascii():
        host, colon, port = authority.partition(":")
        authority = browser_host(host) + colon + port
    return _AUTHORITY(authority) is not None


def _not_http(url: str) -> LinkReason:
    if not url:
        return LinkReason.EMPTY
    if _PLACEHOLDER.search(url):
        return LinkReason.PLACEHOLDER
    if url.startswith("#"):
        return LinkReason.ANCHOR
    scheme = _SCHEME.match(url)
    if scheme is None:
        return LinkReason.RELATIVE
    return LinkReason.BAD_URL if scheme[0].lower() in {"http:", "https:"} else LinkReason.SCHEME


def under(host: str, hosts: tuple[str, ...]) -> bool:
    """The host is one of these, or below one."""
    return any(host == each or host.endswith("." + each) for each in hosts)


@lru_cache(maxsize=64)
def split_exclusions(exclude: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Hosts and URL prefixes of an exclusion list, ready to compare."""
    cleaned = [each.strip() for each in exclude if each.strip()]
    hosts = tuple(each.lower().removeprefix("*.").strip(".") for each in cleaned if "/" not in each)
    prefixes = tuple(each if "://" in each else f"//{each}" for each in cleaned if "/" in each)
    return hosts, tuple(_fold(each) for each in prefixes)


def _fold(url: str) -> str:
    """Scheme and host are the same in any case; the rest is not."""
    scheme, separator, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    return scheme.lower() + separator + host.lower() + slash + path


def excluded(url: str, host: str, exclude: tuple[str, ...]) -> bool:
    """The exclusion list names this link's host, a domain above it, or a prefix of its URL."""
    if not exclude:
        return False
    hosts, prefixes = split_exclusions(exclude)
    if under(host, hosts):
        return True
    folded = _fold(url)
    return any(
        folded.startswith(p) or (p.startswith("//") and folded.partition(":")[2].startswith(p)) for p in prefixes
    )


def unsubscribes(url: str, label: str) -> bool:
    """The link is an unsubscribe link: a redirect in it only does harm."""
    # Parts of the words first: the searches cost ten times as much, and nearly no link needs them.
    lower = url.lower()
    for hint in _URL_HINTS:
        if hint in lower:
            if _UNSUBSCRIBE_URL.search(lower):
                return True
            break
    lower = label.lower()
    for hint in _LABEL_HINTS if lower.isascii() else (*_LABEL_HINTS, *_MORE_HINTS):
        if hint in lower:
            return _UNSUBSCRIBE_LABEL.search(label) is not None
    return False


def shows_other_host(label: str, tracking_host: str, host: str) -> bool:
    """The visible text is a URL whose host is not the one a tracked link would lead to (phishing warnings).

    A tracking host below the shown domain, or beside it under the same parent, counts as the same.
    """
    if " " in label or ("." not in label and "://" not in label):
        return False
    shown = _SHOWN.fullmatch(label)
    if shown is None:
        shown = _BARE.fullmatch(label)
        # "node.js" is not a URL; a bare name counts when it is the link's own host, or has a path or www.
        if shown is None or not _related(shown[1].lower(), host):
            return False
    return not _related(shown[1].lower(), tracking_host)


def _related(shown: str, host: str) -> bool:
    shown = shown.removeprefix("www.")
    if shown == host or host.endswith("." + shown):
        return True
    parent = host.partition(".")[2]
    return "." in parent and (shown == parent or shown.endswith("." + parent))
