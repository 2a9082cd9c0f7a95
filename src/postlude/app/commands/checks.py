"""The checks of `postlude check`: a list of named functions, each with its remedy."""

import asyncio
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Final, Protocol
from urllib.parse import urlsplit

from postlude.adapters.dkim_keys import DkimKeys
from postlude.adapters.imap import try_folder
from postlude.adapters.network_lists import load_lists, open_countries
from postlude.adapters.smtp_client.pool import SmtpTransport
from postlude.app.background.edge_monitor import EdgeWatch
from postlude.app.background.health_watch import look_around, look_into
from postlude.app.background.imap import imap_folders
from postlude.app.build.common import build_parts
from postlude.app.build.domains import Domains
from postlude.app.build.list_health import of_lists
from postlude.app.build.sending import server_config
from postlude.app.data_folder import DataFolder
from postlude.app.processes.reports import ask_supervisor
from postlude.app.processes.sockets import endpoints, listen_for
from postlude.config import Settings, SmtpServer
from postlude.kit.clock import SystemClock
from postlude.model.errors import PostludeError, TransportError
from postlude.services.domains.dns_records import RecordState
from postlude.services.health import CheckResult, of_disk
from postlude.store import is_behind, open_store, sqlite_file

_TIMEOUT: Final = 5.0
_LISTS: Final = "network lists"  # looked at here in any case, with more words than the health of the app has
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


class AskApp(Protocol):
    """How the running app says it is."""

    def __call__(self) -> list[CheckResult] | None:
        """None when none runs on the folder; TransportError when it does not answer."""
        ...


def run_checks(settings: Settings, ask_app: AskApp) -> list[CheckResult]:
    """Run every check in order: what is configured, then how what runs is. Never raises for what a check finds."""
    folder = DataFolder(settings.data)
    running = folder.running()
    findings = [check(settings, folder) for check in _CHECKS]
    if running:
        return [
            *findings,
            CheckResult("running", "ok", f"postlude runs as process {running}"),
            *(one for one in _live(settings, ask_app) if one.name != _LISTS),
        ]
    findings += [_stored(settings, folder), *(_port(settings, endpoint) for endpoint in endpoints(settings))]
    return [*findings, CheckResult("running", "ok", "postlude is not running")]


def _live(settings: Settings, ask_app: AskApp) -> list[CheckResult]:
    """As `/healthz` says it; where the app cannot be asked, as far as it can be seen from here."""
    try:
        told, why = ask_app(), "is not ready: its stores are being opened, or it is started again just now"
    except PostludeError as error:
        told, why = None, f"does not answer: {error}. It is started again when it hangs; see the log"
    if told is not None:
        return told
    try:
        supervised = ask_supervisor(settings.data) is not None
    except (OSError, ValueError):
        supervised = True  # it is there, and silent: `look_around` says so
    seen = look_around(build_parts(settings, must_write=False), EdgeWatch(settings.local_edge), supervised=supervised)
    return [CheckResult("app", "problem", f"the app {why}"), *seen]


def _data(settings: Settings, folder: DataFolder) -> CheckResult:
    if not folder.root.exists():
        return CheckResult("data folder", "ok", f"{settings.data}: made at the first start")
    try:
        folder.prepare()
    except PostludeError as error:
        return CheckResult("data folder", "problem", str(error))
    (found, *_) = of_disk(str(settings.data), shutil.disk_usage(settings.data).free, (), 0)
    return found._replace(name="data folder")


def _keys(_settings: Settings, folder: DataFolder) -> CheckResult:
    if not folder.keys.exists() and not folder.was_used():
        return CheckResult("keys", "ok", "made at the first start")
    try:
        folder.key_ring()
    except PostludeError as error:
        return CheckResult("keys", "problem", str(error))
    mode = stat.S_IMODE(folder.keys.stat().st_mode)
    if mode & 0o077:
        return CheckResult("keys", "problem", f"{folder.keys} is readable by others: chmod 600 {folder.keys}")
    return CheckResult("keys", "ok", f"{folder.keys}: keep it in your backups")


def _edge_url(settings: Settings, _folder: DataFolder) -> CheckResult:
    url = settings.public_edge
    parts = urlsplit(url)
    if settings.sandbox:
        return CheckResult("tracking URL", "ok", f"{url} (sandbox)")
    if parts.hostname in _LOOPBACK:
        return CheckResult(
            "tracking URL",
            "problem",
            f"{url} is reachable from this machine alone: set POSTLUDE_EDGE_URL to a public name",
        )
    if parts.scheme != "https":
        return CheckResult("tracking URL", "warning", f"{url} is not https: mail clients warn about it or block it")
    if parts.hostname == urlsplit(settings.public_web).hostname:
        return CheckResult(
            "tracking URL", "warning", f"{url} shares its host with the web app: give tracking a host name of its own"
        )
    return CheckResult("tracking URL", "ok", url)


def _smtp(settings: Settings, _folder: DataFolder) -> CheckResult:
    if settings.sandbox:
        return CheckResult(
            "mail server", "ok", "none: all mail stays in the sandbox mailbox. Set POSTLUDE_SMTP_HOST to send mail"
        )
    if settings.maildir is not None:
        return CheckResult("mail server", "ok", f"none: all mail goes into the maildir {settings.maildir}")
    findings = [asyncio.run(_greet(server, settings)) for server in settings.smtp_servers]
    worst = min(findings, key=lambda finding: finding.state == "ok")
    return worst if worst.state != "ok" else CheckResult("mail server", "ok", "; ".join(one.text for one in findings))


async def _greet(server: SmtpServer, settings: Settings) -> CheckResult:
    """Connect, protect and log in, exactly as sending does."""
    where = server.name if server.name.startswith(server.host) else f"{server.name} ({server.host}:{server.port})"
    config = replace(server_config(server, settings).smtp, connect_timeout_s=_TIMEOUT, timeout_s=_TIMEOUT)
    refused = await SmtpTransport(config).try_login()
    if refused is not None:
        reported = f"{refused.code} {refused.text}" if refused.code else refused.text
        mend = (
            "the [[smtp]] table in postlude.toml"
            if settings.smtp
            else "POSTLUDE_SMTP_HOST, _PORT, _TLS, _USER or _PASSWORD"
        )
        return CheckResult("mail server", "problem", f"{where}: {refused.phase}: {reported}. Mend {mend}")
    return CheckResult("mail server", "ok", f"{where} answers" + (" and takes the login" if server.user else ""))


def _bounces(settings: Settings, _folder: DataFolder) -> CheckResult:
    if settings.verp_domain:
        channel = f"{settings.inbound_host}:{settings.inbound_port}"
        where = f"mail to *@{settings.verp_domain} must reach {channel} (MX or transport)"
        return CheckResult("bounces", "ok", "come back in the sandbox" if settings.sandbox else where)
    return CheckResult(
        "bounces",
        "warning",
        "they are not received: set POSTLUDE_RETURN_DOMAIN to a domain whose mail is routed to the inbound server",
    )


def _imap(settings: Settings, _folder: DataFolder) -> CheckResult:
    folders = imap_folders(settings)
    if not folders:
        return CheckResult("mailbox", "ok", "none is read (POSTLUDE_IMAP_HOST or [[imap]] in postlude.toml)")
    for config in folders:
        try:
            try_folder(replace(config, timeout_s=_TIMEOUT))
        except TransportError as error:
            remedy = "Mend POSTLUDE_IMAP_HOST, _PORT, _TLS, _USER, _PASSWORD or _FOLDERS, or its [[imap]] table"
            return CheckResult("mailbox", "problem", f"{error}. {remedy}")
    return CheckResult("mailbox", "ok", "read, never changed: " + "; ".join(config.name for config in folders))


def _networks(_settings: Settings, folder: DataFolder) -> CheckResult:
    found = of_lists(folder.networks, SystemClock().now())
    if found.state != "ok":
        return found
    lists, _ = load_lists(folder.networks)
    countries = open_countries(folder.networks)
    own = {one.name for one in lists} & {path.stem for path in folder.networks.glob("*.txt")}
    text = ", ".join(f"{one.name} {one.date or 'without date'}{' (own)' if one.name in own else ''}" for one in lists)
    told = f"; country {countries.date}" if countries else ""
    return found._replace(text=f"{text}. `postlude networks import` takes newer ones{told}")


def _account(_settings: Settings, _folder: DataFolder) -> CheckResult:
    if os.geteuid() == 0:
        return CheckResult(
            "account", "warning", "runs as root: give it an account of its own; no port above 1023 needs root"
        )
    return CheckResult("account", "ok", "not root")


def _domains(settings: Settings, folder: DataFolder) -> CheckResult:
    keys = DkimKeys(folder.dkim)
    exposed = keys.exposed()
    if exposed:
        return CheckResult("sending domains", "problem", f"{exposed[0]} is readable by others: chmod 600 {exposed[0]}")
    domains = Domains(settings, keys, SystemClock())
    names = domains.names()
    if not names:
        text = "none has DKIM keys: postlude domain add example.org, with the domain you send from"
        return CheckResult("sending domains", "ok" if settings.sandbox else "warning", text)
    bad = []
    for name in names:
        wrong = [each for each in domains.check(name) if each.state is not RecordState.OK]
        if wrong:
            what = ", ".join(f"{each.record.purpose} {each.state.value}" for each in wrong)
            bad.append(f"{name}: {what} (postlude domain check {name})")
    if bad:
        return CheckResult("sending domains", "warning", "; ".join(bad))
    return CheckResult("sending domains", "ok", f"{', '.join(names)}: signed, and DNS says what it must")


def _port(settings: Settings, endpoint: str) -> CheckResult:
    host, port = settings.listens(endpoint)
    try:
        listen_for(settings, endpoint).close()
    except PostludeError as error:
        return CheckResult(f"{endpoint} port", "problem", str(error))
    return CheckResult(f"{endpoint} port", "ok", f"{host}:{port} is free")


def _stored(settings: Settings, folder: DataFolder) -> CheckResult:
    path = sqlite_file(settings.database)
    if path is not None and not path.exists():
        if folder.was_used():
            text = f"{path} is missing from a data folder that is in use: restore a backup before you start Postlude"
            return CheckResult("stored data", "problem", text)
        return CheckResult("stored data", "ok", "made at the first start")
    try:
        if is_behind(settings.database):
            return CheckResult("stored data", "ok", "of an older version: migrated at the next start")
        with closing(open_store(settings.database)) as store:
            found = look_into(store, SystemClock())
    except PostludeError as error:
        return CheckResult("stored data", "problem", str(error))
    told = [check.text for check in found if check.state == "problem"]
    if told:
        more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
        return CheckResult(
            "stored data", "problem", f"{told[0]}{more}. `postlude doctor` shows all; `--seen` marks it as read"
        )
    return CheckResult("stored data", "ok", "no damage found; `postlude doctor` verifies every checksum")


_CHECKS: Final[tuple[Callable[[Settings, DataFolder], CheckResult], ...]] = (
    _data,
    _keys,
    _account,
    _edge_url,
    _smtp,
    _bounces,
    _imap,
    _networks,
    _domains,
)
