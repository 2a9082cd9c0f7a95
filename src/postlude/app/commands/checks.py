"""`postlude check`, composed: settings and servers, for the checks of `services/setup_checks.py` and its like."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from postlude.adapters.dkim_keys import DkimKeys
from postlude.adapters.edge_health import EdgeWatch
from postlude.adapters.imap import try_folder
from postlude.adapters.smtp_client.pool import SmtpTransport
from postlude.app.background.health_watch import look_around
from postlude.app.background.imap import imap_folders
from postlude.app.build.common import build_parts
from postlude.app.build.domains import Domains
from postlude.app.build.list_health import lists_found
from postlude.app.build.sending import server_config
from postlude.app.data_folder import DataFolder
from postlude.app.processes.reports import ask_supervisor
from postlude.app.processes.sockets import endpoints, listen_for
from postlude.config import Settings, SmtpServer
from postlude.kit.clock import SystemClock
from postlude.model.answer import Answer
from postlude.model.errors import PostludeError
from postlude.services import setup_checks
from postlude.services.health import CheckResult, of_running, of_silent_app
from postlude.services.list_health import of_lists_by_name
from postlude.services.setup_checks import MailRoute, NextServer, ReadFolder
from postlude.services.state_health import of_stopped_state
from postlude.store import sqlite_file

_TIMEOUT: Final = 5.0
_LISTS: Final = "network lists"  # looked at here in any case, with more words than the health of the app has


class AskApp(Protocol):
    """How the running app says it is."""

    def __call__(self) -> list[CheckResult] | None:
        """None when none runs on the folder; TransportError when it does not answer."""
        ...


def run_checks(settings: Settings, ask_app: AskApp) -> list[CheckResult]:
    """Run every check in order: what is configured, then how what runs is. Never raises for what a check finds."""
    folder = DataFolder(settings.data)
    process = folder.running()
    findings = [check(settings, folder) for check in _CHECKS]
    if process:
        live = (one for one in _live(settings, ask_app) if one.name != _LISTS)
        return [*findings, of_running(process), *live]
    findings += [_stored(settings, folder), *(_port(settings, endpoint) for endpoint in endpoints(settings))]
    return [*findings, of_running(0)]


def _live(settings: Settings, ask_app: AskApp) -> list[CheckResult]:
    """As `/healthz` says it; where the app cannot be asked, as far as it can be seen from here."""
    try:
        told, why = ask_app(), ""
    except PostludeError as error:
        told, why = None, str(error)
    if told is not None:
        return told
    try:
        supervised = ask_supervisor(settings.data) is not None
    except (OSError, ValueError):
        supervised = True  # it is there, and silent: `look_around` says so
    seen = look_around(build_parts(settings, must_write=False), EdgeWatch(settings.local_edge), supervised=supervised)
    return [of_silent_app(why), *seen]


def _data(settings: Settings, folder: DataFolder) -> CheckResult:
    return setup_checks.of_data_folder(settings.data, folder.prepare)


def _keys(_settings: Settings, folder: DataFolder) -> CheckResult:
    return setup_checks.of_keys(folder.keys, folder.key_ring, used=folder.was_used())


def _account(_settings: Settings, _folder: DataFolder) -> CheckResult:
    return setup_checks.of_account(os.geteuid())


def _edge_url(settings: Settings, _folder: DataFolder) -> CheckResult:
    return setup_checks.of_tracking_url(settings.public_edge, settings.public_web, sandbox=settings.sandbox)


def _smtp(settings: Settings, _folder: DataFolder) -> CheckResult:
    servers = [
        NextServer(one.name, one.host, one.port, bool(one.user), partial(_try_login, one, settings))
        for one in settings.smtp_servers
    ]
    route = MailRoute(sandbox=settings.sandbox, maildir=settings.maildir, servers=servers, in_file=bool(settings.smtp))
    return setup_checks.of_mail_route(route)


def _try_login(server: SmtpServer, settings: Settings) -> Answer | None:
    config = replace(server_config(server, settings).smtp, connect_timeout_s=_TIMEOUT, timeout_s=_TIMEOUT)
    return asyncio.run(SmtpTransport(config).try_login())


def _bounces(settings: Settings, _folder: DataFolder) -> CheckResult:
    return setup_checks.of_bounces(settings.verp_domain, str(settings.listens("inbound")), sandbox=settings.sandbox)


def _imap(settings: Settings, _folder: DataFolder) -> CheckResult:
    folders = [replace(config, timeout_s=_TIMEOUT) for config in imap_folders(settings)]
    return setup_checks.of_mailboxes([ReadFolder(one.name, partial(try_folder, one)) for one in folders])


def _networks(_settings: Settings, folder: DataFolder) -> CheckResult:
    return of_lists_by_name(lists_found(folder.networks), SystemClock().now())


def _domains(settings: Settings, folder: DataFolder) -> CheckResult:
    keys = DkimKeys(folder.dkim)
    domains = Domains(settings, keys, SystemClock())
    return setup_checks.of_sending_domains(
        domains.names(), keys.exposed(), domains.check, sandbox=settings.sandbox, lost=keys.problems()
    )


def _port(settings: Settings, endpoint: str) -> CheckResult:
    return setup_checks.of_port(
        endpoint, str(settings.listens(endpoint)), lambda: listen_for(settings, endpoint).close()
    )


def _stored(settings: Settings, folder: DataFolder) -> CheckResult:
    file = sqlite_file(settings.database)
    return of_stopped_state(settings.database, file, SystemClock(), used=folder.was_used())


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
