"""Reads settings from the environment and one TOML file. Anything doubtful stops the start with a hint."""

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from postlude.config.kinds import Meta, any_text
from postlude.config.mailboxes import parse_mailboxes
from postlude.config.servers import parse_servers
from postlude.config.table import Settings
from postlude.model.errors import SettingError

PREFIX = "POSTLUDE_"
_MIN_PREFIX = {4: 8, 6: 16}  # wider networks do not describe an organisation's servers
CONFIG_FILE = "CONFIG"  # POSTLUDE_CONFIG names the TOML file; else postlude.toml in the data folder
FILE_NAME = "postlude.toml"
SERVERS = "smtp"  # the tables [[smtp]] of the file
MAILBOXES = "imap"  # the tables [[imap]] of the file


def table() -> dict[str, Meta]:
    """Every setting by its lower-case name, in the order of the reference page."""
    return _own_table() | _provider_table()


def _own_table() -> dict[str, Meta]:
    return {f.name: f.metadata["setting"] for f in fields(Settings) if "setting" in f.metadata}


def _provider_table() -> dict[str, Meta]:
    """One secret per sending provider, as its file declares."""
    from postlude.feedback.providers import PROVIDERS  # noqa: PLC0415 - 4 MB and 0.1 s that most commands save

    known = sorted(PROVIDERS.values(), key=lambda provider: provider.name)
    return {one.setting: Meta(any_text, "", one.setting_help, secret=True) for one in known if one.setting}


def _rows_for(names: Iterable[str]) -> dict[str, Meta]:
    """The rows for these names: providers' files are read only for names that no other table has."""
    own = _own_table()
    return own if all(name in own or name.removesuffix("_file") in own for name in names) else table()


def environment() -> dict[str, str]:
    """Return the process's environment; this package is the only one that reads it."""
    return dict(os.environ)  # noqa: TID251 - the one home


def load(env: Mapping[str, str] | None = None) -> Settings:
    """Settings from `env` (default: the process's) and the TOML file.

    Raises SettingError for an unknown name (with the nearest known one), a value that does not parse, a setting
    given twice with different values, and combinations that cannot work.
    """
    env = environment() if env is None else env
    names = [one.removeprefix(PREFIX).lower() for one in env if one.startswith(PREFIX) and one != PREFIX + CONFIG_FILE]
    rows = _rows_for(names)
    given = _from_environment(env, rows)
    explicit = env.get(PREFIX + CONFIG_FILE)
    path = Path(explicit) if explicit else Path(given.get("data", (rows["data"].default, ""))[0]) / FILE_NAME
    data = _read_file(path, required=bool(explicit))
    servers = parse_servers(data.pop(SERVERS, []), str(path))
    mailboxes = parse_mailboxes(data.pop(MAILBOXES, []), str(path))
    rows = _rows_for([*names, *data])
    for name, (value, source) in _from_file(data, path, rows).items():
        if name in given and given[name][0] != value:
            raise SettingError(f"{name} is set in {given[name][1]} and differently in {source}: remove one of them")
        given.setdefault(name, (value, source))
    values = {name: _parse(name, rows[name], value, source) for name, (value, source) in given.items()}
    keys = {name.removesuffix("_key"): str(values.pop(name)) for name in values.keys() - _own_table().keys()}
    settings = Settings(**values, provider_keys=keys, smtp=servers, imap=mailboxes)  # type: ignore[arg-type]  # each parser returns its field's type
    _check_together(settings)
    return settings


def _from_environment(env: Mapping[str, str], rows: Mapping[str, Meta]) -> dict[str, tuple[str, str]]:
    given: dict[str, tuple[str, str]] = {}
    for variable, value in env.items():
        if not variable.startswith(PREFIX) or variable == PREFIX + CONFIG_FILE:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in rows:
            given[name] = (value, variable)
        elif name.endswith("_file") and name.removesuffix("_file") in rows:
            plain = name.removesuffix("_file")
            if PREFIX + plain.upper() in env:
                raise SettingError(f"both {PREFIX}{plain.upper()} and {variable} are set: remove one of them")
            given[plain] = (_read_secret(value, variable), variable)
        else:
            raise SettingError(f"unknown setting {variable}{_nearest(name, rows, env_form=True)}")
    return given


def _read_secret(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{variable}: cannot read {path}: {error}") from None


def _read_file(path: Path, *, required: bool) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise SettingError(f"{PREFIX}{CONFIG_FILE} names {path}, which does not exist") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"cannot read {path}: {error}") from None


def _from_file(data: Mapping[str, object], path: Path, rows: Mapping[str, Meta]) -> dict[str, tuple[str, str]]:
    given: dict[str, tuple[str, str]] = {}
    for name, value in data.items():
        if name not in rows:
            raise SettingError(f"{path}: unknown setting {name}{_nearest(name, rows, env_form=False)}")
        given[name] = (_as_text(name, value, path), str(path))
    return given


def _as_text(name: str, value: object, path: Path) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case list() if all(isinstance(item, str) for item in value):
            return ",".join(value)
        case _:
            raise SettingError(f"{path}: {name} must be text, a number, true/false or a list of texts")


def _nearest(name: str, rows: Mapping[str, Meta], *, env_form: bool) -> str:
    close = difflib.get_close_matches(name, rows, n=1)
    if not close:
        return ": `postlude settings` lists the known ones"
    return f": did you mean {PREFIX + close[0].upper() if env_form else close[0]}?"


def _parse(name: str, row: Meta, value: str, source: str) -> object:
    try:
        return row.parse(value)
    except ValueError as error:
        shown = "" if row.secret else f" = {value!r}"
        raise SettingError(f"{source}: {name}{shown} {error}") from None


def _check_sign_in(s: Settings) -> None:
    if bool(s.oidc_issuer) != bool(s.oidc_client):
        raise SettingError("oidc_issuer and oidc_client belong together: set both or neither")
    if bool(s.sign_in_header) != bool(s.sign_in_proxies):
        raise SettingError("sign_in_header and sign_in_proxies belong together: set both or neither")
    parts = urlsplit(s.oidc_issuer)
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise SettingError("oidc_issuer must be https: what it sends is who your users are")


def _check_together(s: Settings) -> None:
    for endpoint in ("edge", "relay", "inbound"):
        cert, key = f"{endpoint}_tls_cert", f"{endpoint}_tls_key"
        if bool(s.get(cert)) != bool(s.get(key)):
            raise SettingError(f"{cert} and {key} belong together: set both or neither")
    _check_smtp(s)
    _check_sign_in(s)
    if s.imap_host and not s.imap_user:
        raise SettingError("imap_host is set but imap_user is not: set the mailbox's login")
    if s.relay_tls_port and not s.relay_tls_cert:
        raise SettingError("relay_tls_port is set but relay_tls_cert is not: TLS needs a certificate and its key")
    _check_gateway(s)
    ports = [
        ("relay_tls_port", s.relay_tls_port),
        ("web_port", s.web_port),
        ("edge_port", s.edge_port),
        ("relay_port", s.relay_port),
        ("inbound_port", s.inbound_port),
    ]
    seen: dict[int, str] = {}
    for name, port in ports:
        if port and port in seen:
            raise SettingError(f"{seen[port]} and {name} are both {port}: give each its own port")
        seen[port] = name


def _check_smtp(s: Settings) -> None:
    if bool(s.smtp_user) != bool(s.smtp_password):
        raise SettingError("smtp_user and smtp_password belong together: set both or neither")
    if s.smtp_user and s.smtp_tls == "none" and s.smtp_host not in {"127.0.0.1", "::1", "localhost"}:
        raise SettingError("smtp_password would cross the network in the clear: set smtp_tls to starttls or implicit")
    if s.smtp_host and s.smtp:
        raise SettingError("smtp_host is set and the file has [[smtp]] tables: use one of the two")
    if s.maildir and s.smtp_servers:
        raise SettingError("maildir and a mail server are both set: remove one of them")
    if s.smtp_user and not s.smtp_host:
        raise SettingError("smtp_user is set but smtp_host is not: name the mail server, or remove the login")


def _check_gateway(s: Settings) -> None:
    if not s.gateway_networks:
        if s.gateway_domains or s.gateway_client_ca:
            raise SettingError("gateway_networks is not set: name the networks of the servers that may skip the login")
        return
    if not s.gateway_domains:
        raise SettingError("gateway_networks is set but gateway_domains is not: name the domains they may send as")
    if bool(s.gateway_client_ca) != bool(s.gateway_client_names):
        raise SettingError("gateway_client_ca and gateway_client_names belong together: set both or neither")
    if s.gateway_client_ca and not s.relay_tls_cert:
        raise SettingError("gateway_client_ca needs TLS on the relay: set relay_tls_cert and relay_tls_key")
    wide = next((network for network in s.gateway_networks if network.prefixlen < _MIN_PREFIX[network.version]), None)
    if wide and not s.gateway_client_ca:
        raise SettingError(
            f"gateway_networks: {wide} is too wide to be trusted by address alone: "
            "set smaller networks, or require certificates with gateway_client_ca and gateway_client_names"
        )
