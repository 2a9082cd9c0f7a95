"""The mail process, composed: relay, inbound door, or both. It writes spool and journal and reads logins."""

import asyncio
import socket
import ssl
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from postlude.app.build.common import Parts, build_parts
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.sockets import inherited, listen_for
from postlude.config import Settings
from postlude.inbound import InboundConfig, run_inbound
from postlude.journal import JournalWriter, Spool
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import StorageError
from postlude.model.words import Via
from postlude.relay import Gateway, Login, Quota, RelayConfig, run_relay

if TYPE_CHECKING:
    from postlude.store import Store


_DAY_US: Final = 24 * 3600 * MICROS_PER_SECOND


class Descriptors(NamedTuple):
    """Listening sockets handed over by the parent, None to bind here."""

    relay: int | None = None
    inbound: int | None = None
    relay_tls: int | None = None


class Logins:
    """What the relay asks of the state, which is opened at the first question: 20 MB that an idle relay saves."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._opened: Store | None = None

    def __enter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened.close()

    async def check(self, login: str, password: str) -> Login | None:
        """Who it is, None when the password is wrong."""
        return await asyncio.to_thread(self._check, login, password)

    def _check(self, login: str, password: str) -> Login | None:
        from postlude.services.accounts.users import check_app_password  # noqa: PLC0415 - brings the database along

        user = check_app_password(self._store(), login, password, self._parts.clock)
        return None if user is None else Login(user.id, (user.address, *user.senders), user.limits)

    async def used(self, user: int) -> list[tuple[int, int]]:
        """(time, recipients) of what the user submitted within the last 24 hours."""
        since = self._parts.clock.now() - _DAY_US
        return await asyncio.to_thread(lambda: self._store().accounts.submitted_since(user, Via.RELAY, since))

    async def owner_of(self, sender: str) -> int:
        """The user a trusted server's message belongs to."""
        return await asyncio.to_thread(self._owner_of, sender)

    def _owner_of(self, sender: str) -> int:
        store, settings = self._store(), self._parts.settings
        user = (
            store.accounts.user_by_address(sender)
            or store.accounts.user_by_address(settings.gateway_user)
            or store.accounts.first_user()
        )
        if user is None:
            raise StorageError("there is no user yet who could own the message: start `postlude up` once")
        return user.id

    def _store(self) -> "Store":
        from postlude.store import open_store  # noqa: PLC0415 - as above

        with self._lock:
            if self._opened is None:
                self._opened = open_store(self._parts.settings.database)
            return self._opened


def run_mail_process(
    settings: Settings, name: str, *, relay: bool, inbound: bool, descriptors: Descriptors, child: bool
) -> None:
    """Run the wanted doors until told to stop; `name` is this process's journal."""
    start_log(settings.log_level)
    parts = build_parts(settings)
    relay_socket = _socket(settings, "relay", descriptors.relay) if relay else None
    with_tls = relay and settings.relay_tls_port
    tls_socket = _socket(settings, "relay_tls", descriptors.relay_tls) if with_tls else None
    inbound_socket = _socket(settings, "inbound", descriptors.inbound) if inbound else None

    async def main(stop: asyncio.Event) -> None:
        with closing(JournalWriter(parts.folder.journal, name, max_bytes=settings.journal_max_bytes)) as journal:
            async with asyncio.TaskGroup() as doors:
                if inbound_socket:
                    doors.create_task(_inbound(parts, inbound_socket, journal, stop))
                if relay_socket:
                    doors.create_task(_relay(parts, relay_socket, tls_socket, journal, stop))

    run_until_stopped(main, child=child)


def _socket(settings: Settings, name: str, descriptor: int | None) -> socket.socket:
    if descriptor is not None:
        return inherited(descriptor)
    return listen_for(settings, name)


async def _relay(
    parts: Parts, sock: socket.socket, tls_sock: socket.socket | None, journal: JournalWriter, stop: asyncio.Event
) -> None:
    settings = parts.settings
    config = RelayConfig(
        hostname=_name(settings),
        max_message_bytes=settings.max_message_bytes,
        tls=_tls(settings),
        quota=Quota(
            settings.relay_messages_per_hour,
            settings.relay_messages_per_day,
            settings.relay_recipients_per_hour,
            settings.relay_recipients_per_day,
        ),
        gateway=Gateway(settings.gateway_networks, settings.gateway_domains, settings.gateway_client_names),
    )
    with Logins(parts) as logins:
        await run_relay(
            config,
            sock,
            tls_sock=tls_sock,
            check=logins.check,
            used=logins.used,
            owner_of=logins.owner_of if settings.gateway_networks else None,
            append=journal.append,
            spool=Spool(parts.folder.spool_out),
            clock=parts.clock,
            stop=stop,
        )


async def _inbound(parts: Parts, sock: socket.socket, journal: JournalWriter, stop: asyncio.Event) -> None:
    settings = parts.settings
    await run_inbound(
        InboundConfig(
            hostname=_name(settings),
            max_message_bytes=settings.max_message_bytes,
            tls=inbound_tls(settings),
            lmtp=settings.inbound_protocol == "lmtp",
            door=settings.inbound_protocol,
        ),
        sock,
        codec=parts.codec,
        append=journal.append,
        spool=Spool(parts.folder.spool_in),
        clock=parts.clock,
        stop=stop,
        # The sandbox's recipients answer to whatever From a mail had; with a real server only tags are taken.
        allowed=lambda _address: settings.sandbox,
    )


def _name(settings: Settings) -> str:
    return settings.verp_domain or socket.getfqdn()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    context = _with_certificate(settings.relay_tls_cert, settings.relay_tls_key)
    if context and settings.gateway_client_ca is not None:
        # Mail clients have no certificate and log in; one that is shown must be good.
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(settings.gateway_client_ca)
    return context


def inbound_tls(settings: Settings) -> ssl.SSLContext | None:
    """Asks no client for a certificate: servers of all the world come here."""
    if settings.inbound_tls_cert is None:
        return _with_certificate(settings.relay_tls_cert, settings.relay_tls_key)
    return _with_certificate(settings.inbound_tls_cert, settings.inbound_tls_key)


def _with_certificate(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
