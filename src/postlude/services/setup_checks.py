"""The checks of `postlude check` on what is configured: what of it is a problem, and how to mend it.

Who calls them (`app/commands/checks.py`) reads the settings, and hands over what to try.
"""

import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from postlude.model.answer import Answer
from postlude.model.errors import PostludeError, TransportError
from postlude.services.domains.dns_records import RecordCheck, RecordState
from postlude.services.health import CheckResult, of_disk

_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


class Rehearsal(Protocol):
    """Does once what Postlude will do when it runs."""

    def __call__(self) -> object:
        """PostludeError, most with their remedy, when it fails."""
        ...


class TryLogin(Protocol):
    """Connects to a mail server, protects the connection and logs in, exactly as sending does."""

    def __call__(self) -> Answer | None:
        """What stood in the way; None when all is well."""
        ...


class CheckDomain(Protocol):
    """Compares the DNS records of a sending domain with the needed ones."""

    def __call__(self, domain: str, /) -> list[RecordCheck]:
        """One result for every record."""
        ...


class NextServer(NamedTuple):
    """A mail server that takes outgoing mail."""

    name: str
    host: str
    port: int
    logs_in: bool
    try_login: TryLogin

    @property
    def where(self) -> str:
        """Its name, with host and port unless the name begins with them."""
        return self.name if self.name.startswith(self.host) else f"{self.name} ({self.host}:{self.port})"


class MailRoute(NamedTuple):
    """Where outgoing mail goes: into the sandbox, else into the maildir, else to one of the servers."""

    sandbox: bool
    maildir: Path | None
    servers: Sequence[NextServer]
    in_file: bool
    """Whether the servers are tables of postlude.toml; else they are one in POSTLUDE_SMTP_HOST and others."""


class ReadFolder(NamedTuple):
    """A folder of a mailbox that is read for returned mail."""

    name: str
    open: Rehearsal


def of_data_folder(root: Path, prepare: Rehearsal) -> CheckResult:
    """Whether it can be written, and has room."""
    if not root.exists():
        return CheckResult("data folder", "ok", f"{root}: made at the first start")
    try:
        prepare()
    except PostludeError as error:
        return CheckResult("data folder", "problem", str(error))
    (found, *_) = of_disk(str(root), shutil.disk_usage(root).free, (), 0)
    return found._replace(name="data folder")


def of_keys(keys: Path, read: Rehearsal, *, used: bool) -> CheckResult:
    """Whether the signing keys are there, whole and private. `used`: mail, hits or events were stored before."""
    if not keys.exists() and not used:
        return CheckResult("keys", "ok", "made at the first start")
    try:
        read()
    except PostludeError as error:
        return CheckResult("keys", "problem", str(error))
    if stat.S_IMODE(keys.stat().st_mode) & 0o077:
        return CheckResult("keys", "problem", f"{keys} is readable by others: chmod 600 {keys}")
    return CheckResult("keys", "ok", f"{keys}: keep it in your backups")


def of_account(user_id: int) -> CheckResult:
    """The account it runs as."""
    if user_id == 0:
        text = "runs as root: give it an account of its own; no port above 1023 needs root"
        return CheckResult("account", "warning", text)
    return CheckResult("account", "ok", "not root")


def of_tracking_url(url: str, web: str, *, sandbox: bool) -> CheckResult:
    """Whether recipients reach the edge. `web` is the URL of the web app."""
    parts = urlsplit(url)
    if sandbox:
        return CheckResult("tracking URL", "ok", f"{url} (sandbox)")
    if parts.hostname in _LOOPBACK:
        text = f"{url} is reachable from this machine alone: set POSTLUDE_EDGE_URL to a public name"
        return CheckResult("tracking URL", "problem", text)
    if parts.scheme != "https":
        return CheckResult("tracking URL", "warning", f"{url} is not https: mail clients warn about it or block it")
    if parts.hostname == urlsplit(web).hostname:
        text = f"{url} shares its host with the web app: give tracking a host name of its own"
        return CheckResult("tracking URL", "warning", text)
    return CheckResult("tracking URL", "ok", url)


def of_mail_route(route: MailRoute) -> CheckResult:
    """Whether mail can leave; waits for every server."""
    if route.sandbox:
        text = "none: all mail stays in the sandbox mailbox. Set POSTLUDE_SMTP_HOST to send mail"
        return CheckResult("mail server", "ok", text)
    if route.maildir is not None:
        return CheckResult("mail server", "ok", f"none: all mail goes into the maildir {route.maildir}")
    findings = [_of_server(server, in_file=route.in_file) for server in route.servers]
    worst = min(findings, key=lambda finding: finding.state == "ok")
    return worst if worst.state != "ok" else CheckResult("mail server", "ok", "; ".join(one.text for one in findings))


def _of_server(server: NextServer, *, in_file: bool) -> CheckResult:
    refused = server.try_login()
    if refused is not None:
        reported = f"{refused.code} {refused.text}" if refused.code else refused.text
        mend = (
            "the [[smtp]] table in postlude.toml" if in_file else "POSTLUDE_SMTP_HOST, _PORT, _TLS, _USER or _PASSWORD"
        )
        return CheckResult("mail server", "problem", f"{server.where}: {refused.phase}: {reported}. Mend {mend}")
    text = f"{server.where} answers" + (" and takes the login" if server.logs_in else "")
    return CheckResult("mail server", "ok", text)


def of_bounces(return_domain: str, inbound: str, *, sandbox: bool) -> CheckResult:
    """Whether bounces come in. `return_domain` is empty when they do not; `inbound` is the server's address."""
    if return_domain:
        where = f"mail to *@{return_domain} must reach {inbound} (MX or transport)"
        return CheckResult("bounces", "ok", "come back in the sandbox" if sandbox else where)
    text = "they are not received: set POSTLUDE_RETURN_DOMAIN to a domain whose mail is routed to the inbound server"
    return CheckResult("bounces", "warning", text)


def of_mailboxes(folders: Sequence[ReadFolder]) -> CheckResult:
    """Whether every folder can be read; stops at the first that cannot."""
    if not folders:
        return CheckResult("mailbox", "ok", "none is read (POSTLUDE_IMAP_HOST or [[imap]] in postlude.toml)")
    for folder in folders:
        try:
            folder.open()
        except TransportError as error:
            remedy = "Mend POSTLUDE_IMAP_HOST, _PORT, _TLS, _USER, _PASSWORD or _FOLDERS, or its [[imap]] table"
            return CheckResult("mailbox", "problem", f"{error}. {remedy}")
    return CheckResult("mailbox", "ok", "read, never changed: " + "; ".join(folder.name for folder in folders))


def of_sending_domains(
    names: Sequence[str], exposed: Sequence[Path], check: CheckDomain, *, sandbox: bool, lost: Sequence[str] = ()
) -> CheckResult:
    """Whether mail is signed, and DNS says what it must. `exposed` are key files that others can read.

    `lost` says which keys are gone or cannot be read.
    """
    if lost:
        return CheckResult("sending domains", "problem", lost[0])
    if exposed:
        return CheckResult("sending domains", "problem", f"{exposed[0]} is readable by others: chmod 600 {exposed[0]}")
    if not names:
        text = "none has DKIM keys: postlude domain add example.org, with the domain you send from"
        return CheckResult("sending domains", "ok" if sandbox else "warning", text)
    bad = []
    for name in names:
        wrong = [each for each in check(name) if each.state is not RecordState.OK]
        if wrong:
            what = ", ".join(f"{each.record.purpose} {each.state.value}" for each in wrong)
            bad.append(f"{name}: {what} (postlude domain check {name})")
    if bad:
        return CheckResult("sending domains", "warning", "; ".join(bad))
    return CheckResult("sending domains", "ok", f"{', '.join(names)}: signed, and DNS says what it must")


def of_port(endpoint: str, address: str, listen: Rehearsal) -> CheckResult:
    """Whether an endpoint that does not run could listen."""
    try:
        listen()
    except PostludeError as error:
        return CheckResult(f"{endpoint} port", "problem", str(error))
    return CheckResult(f"{endpoint} port", "ok", f"{address} is free")
