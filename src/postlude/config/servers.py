"""The `[[smtp]]` tables of postlude.toml: the next mail servers, in the order in which they are asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from postlude.config.kinds import choice, host, optional_file
from postlude.config.tables import ReferenceRow, reference_rows, values_of
from postlude.config.tables import checked_text as _text
from postlude.config.tables import of_text as _of_text
from postlude.config.tables import row as _row
from postlude.config.tables import whole as _whole
from postlude.model.errors import SettingError

TLS_WORDS: Final = ("starttls", "implicit", "required", "opportunistic", "none")
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_SENDER: Final = re.compile(r"[^@\s,<>]*@[^@\s,<>]+")
_FIELD: Final = re.compile(r"[A-Za-z0-9-]{1,70}")
_DOMAIN: Final = re.compile(r"\*|(?:[a-z0-9_-]+\.)*[a-z0-9_-]+")
_STANDARD_WARM_UP: Final = (50, 100, 200, 400, 800, 1500, 3000, 6000, 12_000, 25_000, 50_000, 100_000)


def _rate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100_000:  # noqa: PLR2004 - in the text
        raise ValueError("must be a number above 0, up to 100000, e.g. 14 or 0.5")
    return float(value)


def _senders(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and _SENDER.fullmatch(one) for one in value):
        raise ValueError('must be a list of addresses or patterns like ["*@example.org"]')
    return tuple(value)


def _headers(value: object) -> tuple[tuple[str, str], ...]:
    good = isinstance(value, dict) and all(
        _FIELD.fullmatch(name) and isinstance(text, str) and text.isascii() and text.isprintable()
        for name, text in value.items()
    )
    if not good:
        raise ValueError('must be header fields like { "X-PM-Message-Stream" = "broadcast" }')
    return tuple(cast("dict[str, str]", value).items())


def _warm_up(value: object) -> tuple[int, ...]:
    if value == "standard":
        return _STANDARD_WARM_UP
    good = isinstance(value, list) and value and all(isinstance(n, int) and 0 < n < 1e9 for n in value)  # noqa: PLR2004 - a bound against typing errors
    if not good or sorted(cast("list[int]", value)) != value:
        raise ValueError('must be "standard" or a growing list of copies a day like [50, 100, 200]')
    return tuple(cast("list[int]", value))


def _day(value: object) -> int:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a day like 2026-11-25") from None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("must be a day like 2026-11-25")
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()) * 1_000_000


class DomainLimit(NamedTuple):
    """Limits of one destination domain; 0: no limit."""

    connections: int = 0
    per_second: float = 0.0


def _domains(value: object) -> tuple[tuple[str, DomainLimit], ...]:
    if not isinstance(value, dict):
        raise ValueError('must be tables like [smtp.domains."example.com"]')
    found = []
    for domain, limits in value.items():
        if not _DOMAIN.fullmatch(domain.lower()) or not isinstance(limits, dict):
            raise ValueError(f'{domain!r} has no limits; write "example.com" = {{ connections = 2 }}')
        unknown = limits.keys() - {"connections", "per_second"}
        if unknown:
            raise ValueError(f"{domain} has the unknown key {min(unknown)}; known: connections, per_second")
        connections = _whole(1, 200)(limits["connections"]) if "connections" in limits else 0
        rate = _rate(limits["per_second"]) if "per_second" in limits else 0.0
        found.append((domain.lower(), DomainLimit(connections, rate)))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """One next mail server. Every field is a key of the table."""

    name: str = _row(_text, "A word for it in the log, the timeline and the counts. Default: its host.", "")
    kind: str = _row(
        _of_text(choice("smtp", "gmail", "workspace", "ses", "postmark", "mailgun", "sendgrid")),
        "Presets of a provider: host, limits, header fields that turn its own tracking off.",
        "smtp",
    )
    host: str = _row(_of_text(host), "Name of the server; known for most kinds.", "")
    port: int = _row(_whole(1, 65535), 'Port: 587, or 465 with `tls = "implicit"`.', 587)
    tls: str = _row(
        _of_text(choice(*TLS_WORDS)),
        "`starttls`: must be offered, certificate checked; `implicit`: from the first byte, checked; `required`: must "
        "be offered, not checked; `opportunistic`: when offered, not checked; `none`.",
        "starttls",
    )
    user: str = _row(_text, "Login.", "")
    password: str = _row(_text, "Password or app password.", "", secret=True)
    oauth_client: str = _row(_text, "Client id for XOAUTH2 instead of a password.", "")
    oauth_secret: str = _row(_text, "Its client secret.", "", secret=True)
    oauth_refresh_token: str = _row(_text, "The refresh token the account gave.", "", secret=True)
    oauth_url: str = _row(_text, "Where access tokens are fetched; known for gmail and workspace.", "")
    connections: int = _row(_whole(1, 200), "Connections kept at the same time.", 4)
    per_second: float = _row(_rate, "Copies a second at most.", 0.0)
    per_hour: int = _row(_whole(1, 10**9), "Copies within an hour at most.", 0)
    per_day: int = _row(_whole(1, 10**9), "Copies within 24 hours at most; gmail: 500, workspace: 2000.", 0)
    warm_up: tuple[int, ...] = _row(
        _warm_up, "Copies on the first, second ... day of a new sending address: a list, or `standard`.", ()
    )
    warm_up_from: int = _row(_day, "The first day of the warm-up.", 0)
    domains: tuple[tuple[str, DomainLimit], ...] = _row(
        _domains, "Limits by destination domain: tables with `connections`, `per_second`; `*` for every other one.", ()
    )
    senders: tuple[str, ...] = _row(_senders, "From addresses it is for, e.g. `*@example.org`. Default: all.", ())
    headers: tuple[tuple[str, str], ...] = _row(_headers, "Header fields added to every copy without them.", ())
    ca: Path | None = _row(
        _of_text(optional_file), "PEM file of the authorities believed instead of the system's.", None
    )
    client_cert: Path | None = _row(
        _of_text(optional_file), "Our own certificate chain (PEM), shown to the server.", None
    )
    client_key: Path | None = _row(_of_text(optional_file), "Its private key (PEM).", None)

    @property
    def oauth(self) -> bool:
        """Whether it is logged in to with XOAUTH2."""
        return bool(self.oauth_client)


_GOOGLE: Final = {"host": "smtp.gmail.com", "oauth_url": "https://oauth2.googleapis.com/token"}
_SENDGRID: Final = '{"filters":{"clicktrack":{"settings":{"enable":0}},"opentrack":{"settings":{"enable":0}}}}'
PRESETS: Final[Mapping[str, Mapping[str, object]]] = {
    "gmail": _GOOGLE | {"per_day": 500, "connections": 2},
    "workspace": _GOOGLE | {"per_day": 2000, "connections": 4},
    "postmark": {
        "host": "smtp.postmarkapp.com",
        "headers": (("X-PM-KeepID", "true"), ("X-PM-TrackOpens", "false"), ("X-PM-TrackLinks", "None")),
    },
    "mailgun": {"host": "smtp.mailgun.org", "headers": (("X-Mailgun-Track", "no"),)},
    "sendgrid": {"host": "smtp.sendgrid.net", "user": "apikey", "headers": (("X-SMTPAPI", _SENDGRID),)},
}
_SES_HOST: Final = re.compile(r"email-smtp(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com")


def rows() -> dict[str, tuple[ReferenceRow, object]]:
    """Every key with its meaning and default, in the order of the reference page."""
    return reference_rows(SmtpServer)


def parse_servers(tables: object, source: str) -> tuple[SmtpServer, ...]:
    """The `[[smtp]]` tables; SettingError names the key, its table, and what it accepts."""
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise SettingError(f"{source}: smtp must be tables that begin with [[smtp]]")
    servers = tuple(_server(each, f"{source}: [[smtp]] number {number}") for number, each in enumerate(tables, 1))
    names = [server.name for server in servers]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SettingError(f"{source}: two [[smtp]] tables are called {twice}: give each a `name` of its own")
    return servers


def _server(given: Mapping[str, object], where: str) -> SmtpServer:
    values = values_of(given, rows(), where)
    preset = PRESETS.get(values.get("kind", "smtp"), {})
    headers = {**dict(cast("Any", preset.get("headers", ()))), **dict(values.get("headers", ()))}
    values = {**preset, **values, "headers": tuple(headers.items())}
    server = SmtpServer(**{"name": values.get("host", ""), **values})
    _check(server, where)
    return server


def _check(server: SmtpServer, where: str) -> None:
    oauth = (server.oauth_client, server.oauth_secret, server.oauth_refresh_token, server.oauth_url)
    google = server.kind in {"gmail", "workspace"}
    rules = (
        (not server.host, "host is missing: name the mail server"),
        (
            server.kind == "ses" and not _SES_HOST.fullmatch(server.host) and server.host not in LOOPBACK,
            "host of kind ses must be like email-smtp.eu-west-1.amazonaws.com",
        ),
        (
            any(oauth[:3]) and not all(oauth),
            "oauth_client, oauth_secret, oauth_refresh_token (and oauth_url) belong together: set all or none",
        ),
        (server.oauth and bool(server.password), "password and oauth_* are both set: remove one"),
        (server.oauth and not server.user, "user is missing: the address XOAUTH2 logs in as"),
        (
            not server.oauth and bool(server.user) != bool(server.password),
            "user and password belong together: set both or neither",
        ),
        (
            google and not server.user,
            "user is missing: the Google address, with an app password as `password` or with oauth_*",
        ),
        (
            bool(server.user) and server.tls == "none" and server.host not in LOOPBACK,
            "the password would cross the network in the clear: set tls to starttls or implicit",
        ),
        (
            bool(server.client_cert) != bool(server.client_key),
            "client_cert and client_key belong together: set both or neither",
        ),
        (
            bool(server.warm_up) != bool(server.warm_up_from),
            "warm_up and warm_up_from belong together: a schedule and its first day, e.g. 2026-11-25",
        ),
    )
    for broken, remedy in rules:
        if broken:
            raise SettingError(f"{where}: {remedy}")
