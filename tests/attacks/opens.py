"""Somebody who opens mail at a steady rate, in a process of his own: `python -m attacks.opens PORT PATH`.

`go` on standard input begins, `rest` ends and prints a line of JSON: milliseconds from each request to its answer, and
how many had none. What is late about this process itself is not in them: an answer's time is when the kernel had it
(SO_TIMESTAMPNS), a request's when it was sent, or when it was due if the answer before it was not there by then.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import Final

_CONNECTIONS: Final = 4
_HITS_A_SECOND: Final = 100
_NANOSECONDS: Final = 1_000_000_000
_SO_TIMESTAMPNS: Final = 35  # Linux; the option is the ancillary message's type as well
_TIMESPEC: Final = struct.Struct("qq")
_TIMEOUT_S: Final = 10


class Opens:
    """Requests of one connection that is kept."""

    def __init__(self, port: int, path: str) -> None:
        self._port: Final = port
        self._request: Final = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        self._made: socket.socket | None = None
        self.times: list[float] = []
        self.failed = 0
        self._lines = b""

    def run(self, stop: threading.Event, shift: float) -> None:
        """Until `stop`, beginning `shift` seconds later."""
        pace = _CONNECTIONS * _NANOSECONDS // _HITS_A_SECOND
        due = time.time_ns() + int(shift * _NANOSECONDS)
        answered = 0
        while not stop.is_set():
            time.sleep(max(0.0, (due - time.time_ns()) / _NANOSECONDS))
            try:
                sent, got = self._one()
                self.times.append((got - (due if answered > due else sent)) / 1e6)
                answered = got
            except OSError:
                self.failed += 1
                if self._made:
                    self._made.close()
                self._made = None
            due += pace

    def _one(self) -> tuple[int, int]:
        """When it was sent, and when the whole answer was there."""
        if self._made is None:
            self._made = socket.create_connection(("127.0.0.1", self._port), timeout=_TIMEOUT_S)
            self._made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sent = time.time_ns()
        self._made.sendall(self._request)
        answer, got = b"", 0
        while not _whole(answer):
            piece, extra, _, _ = self._made.recvmsg(65_536, socket.CMSG_SPACE(_TIMESPEC.size))
            if not piece:
                raise ConnectionResetError("no answer")
            answer += piece
            got = next((_nanoseconds(data) for _, kind, data in extra if kind == _SO_TIMESTAMPNS), time.time_ns())
        if not answer.startswith(b"HTTP/1.1 200"):
            raise ConnectionResetError(answer[:40].decode("latin-1"))
        return sent, got


def _whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return bool(found) and len(body) >= int(length or 0)


def _nanoseconds(data: bytes) -> int:
    seconds, rest = _TIMESPEC.unpack(data[: _TIMESPEC.size])
    return int(seconds * _NANOSECONDS + rest)


def main() -> None:
    if hasattr(os, "sched_setaffinity"):  # not where the strangers are
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with suppress(OSError):
        os.nice(-10)  # where it may, it is not kept waiting by what it measures
    while sys.stdin.readline().strip() == "go":
        opens = [Opens(int(sys.argv[1]), sys.argv[2]) for _ in range(_CONNECTIONS)]
        stop = threading.Event()
        threads = [
            threading.Thread(target=each.run, args=(stop, number / _HITS_A_SECOND)) for number, each in enumerate(opens)
        ]
        for thread in threads:
            thread.start()
        sys.stdin.readline()
        stop.set()
        for thread in threads:
            thread.join()
        times = [round(took, 3) for each in opens for took in each.times]
        sys.stdout.write(json.dumps({"times": times, "failed": sum(each.failed for each in opens)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
