"""Listening sockets, bound before anything else starts."""

import errno
import socket

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
