"""A port that stays the same while what lies behind it changes: the way from Postfix to a test's own server."""

import contextlib
import socket
import threading

from servers.waiting import LOOPBACK

CHUNK = 65536


class Forwarder:
    """Forwards TCP to `target`; while there is none, callers are hung up on and come again later."""

    def __init__(self) -> None:
        self.target: int | None = None
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, name="forwarder")
        self._acceptor.start()

    def close(self) -> None:
        """Hang up on everybody."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(5)
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self.target is None:
                    raise ConnectionRefusedError
                behind = socket.create_connection((LOOPBACK, self.target), timeout=5)
                behind.settimeout(None)
            except OSError:
                caller.close()
                continue
            with self._lock:
                self._open |= {caller, behind}
            pair = threading.Thread(target=self._pair, args=(caller, behind), name="channel-pair")
            self._threads.append(pair)
            pair.start()

    def _pair(self, caller: socket.socket, behind: socket.socket) -> None:
        back = threading.Thread(target=_pump, args=(behind, caller), name="channel-back")
        back.start()
        _pump(caller, behind)
        back.join()
        with self._lock:
            self._open -= {caller, behind}
        caller.close()
        behind.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
