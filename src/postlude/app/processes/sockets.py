"""Listening sockets, bound before anything else starts."""

import errno
import socket
from collections.abc import Iterable, Mapping
from typing import Final

from postlude.config import Settings
from postlude.model.errors import InUseError, SettingError

ENDPOINTS = ("web", "edge", "relay", "inbound")
_BACKLOG = 1024


def endpoints(settings: Settings) -> tuple[str, ...]:
    """All endpoints of `postlude up`."""
    return (*ENDPOINTS, "relay_tls") if settings.relay_tls_port else ENDPOINTS


def listen(host: str, port: int, setting: str, *, shared: bool = False) -> socket.socket:
    """Return a listening TCP socket; port 0 uses a free one. `shared`: `another` can listen there, too.

    Raises InUseError when the port is taken and SettingError when the address is not this machine's. `setting` is the
    setting's name, so that the message can name what to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if shared and port:
            listen(host, port, setting).close()  # sharing would also share with a stranger of this account
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        sock.bind((host, port))
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        variable = f"POSTLUDE_{setting.upper()}_PORT"
        if error.errno == errno.EADDRINUSE:
            raise InUseError(
                f"port {port} on {host} is already in use: stop the program that listens there, or set {variable}"
            ) from None
        if error.errno == errno.EACCES:
            raise SettingError(
                f"this account is not allowed to listen on port {port}: set {variable} to 1024 or more"
            ) from None
        raise SettingError(
            f"cannot listen on {host}: {error.strerror}. Correct POSTLUDE_{setting.upper().removesuffix('_TLS')}_HOST"
        ) from None
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return sock


def listen_for(settings: Settings, endpoint: str) -> socket.socket:
    """`listen` where the settings say this endpoint does."""
    return listen(*settings.listens(endpoint), endpoint, shared=endpoint == "edge" and settings.edge_processes > 1)


def another(sock: socket.socket) -> socket.socket:
    """One more listening socket at a shared address: the kernel spreads connections among them (SO_REUSEPORT)."""
    second = socket.socket(sock.family, socket.SOCK_STREAM)
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    second.bind(sock.getsockname())
    second.listen(_BACKLOG)
    second.setblocking(False)  # noqa: FBT003 - as above
    return second


def inherited(descriptor: int) -> socket.socket:
    """Wrap a listening socket handed over by the parent process."""
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)  # noqa: FBT003 - as above
    return sock


def port_of(sock: socket.socket) -> int:
    """The port a socket listens on."""
    port: int = sock.getsockname()[1]
    return port


def listening(settings: Settings, name: str, descriptor: int | None) -> socket.socket:
    """The socket passed by the parent, else one at the address set."""
    return listen_for(settings, name) if descriptor is None else inherited(descriptor)


def edge_names(count: int) -> list[str]:
    """The names of so many edges that share a port: `edge`, `edge-2`, `edge-3`."""
    return ["edge", *(f"edge-{number}" for number in range(2, count + 1))]


class EndpointSockets:
    """The listening sockets of `postlude up`, by what listens there: bound once, kept, given to whoever is started.

    Besides `endpoints` there are `edge-2`, `edge-3` and so on, which share the address of `edge`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings: Final = settings
        self._sockets: Final[dict[str, socket.socket]] = {}

    def bind_free(self, names: Iterable[str]) -> dict[str, InUseError]:
        """Bind what can be bound; returns what is taken. Raises SettingError where settings must be mended."""
        taken = {}
        for name in names:
            try:
                self.get(name)
            except InUseError as error:
                taken[name] = error
        return taken

    def adopt(self, child: str, handed: Mapping[str, socket.socket]) -> None:
        """Keep sockets of a former start where they listen as the settings want, and close the others.

        `handed` is by flag, as in `flags`; `child` names the process that had them.
        """
        for flag, sock in handed.items():
            endpoint = flag.strip("-").removesuffix("-fd").replace("-", "_")
            name = child if endpoint == "edge" else endpoint
            if name not in self._sockets and self._wanted(endpoint, sock):
                self._sockets[name] = sock
            else:
                sock.close()

    def get(self, name: str) -> socket.socket:
        """The socket, bound now when it is not; InUseError while its port is taken."""
        sock = self._sockets.get(name)
        if sock is None:
            further = name.startswith("edge-")
            sock = another(self.get("edge")) if further else listen_for(self._settings, name)
            self._sockets[name] = sock
        return sock

    def has(self, names: Iterable[str]) -> bool:
        """Whether all of these are bound."""
        return all(name in self._sockets for name in names)

    def flags(self, names: Mapping[str, str]) -> dict[str, socket.socket]:
        """Sockets by the flag they are handed over with, from names by flag."""
        return {flag: self.get(name) for flag, name in names.items()}

    def bound(self) -> dict[str, tuple[str, int]]:
        """Where each of `endpoints` that is bound listens."""
        return {
            endpoint: (str(self._sockets[endpoint].getsockname()[0]), port_of(self._sockets[endpoint]))
            for endpoint in endpoints(self._settings)
            if endpoint in self._sockets
        }

    def close(self) -> None:
        """Listen no longer."""
        for sock in self._sockets.values():
            sock.close()

    def _wanted(self, endpoint: str, sock: socket.socket) -> bool:
        host, port = self._settings.listens(endpoint)
        there = sock.getsockname()
        return port in {0, there[1]} and host in {there[0], "localhost"}
