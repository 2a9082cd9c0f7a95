"""What anybody can send to a port. Every listener of `target.LISTENERS` gets each of them."""

import contextlib
import socket
import time

from attacks.attempts import attempt
from attacks.target import HTTP, LISTENERS, SMTP, STRANGERS, Target, holding

_HEAD_ENDS_S = 15.0
_BEGINNINGS = {
    "web": b"POST /compose HTTP/1.1\r\nHost: x\r\n",
    "edge": b"POST /u/x HTTP/1.1\r\nHost: x\r\n",
    "relay": b"EHLO",
    "inbound": b"EHLO",
}


def read_all(made: socket.socket, most: int = 1 << 20) -> bytes:
    """Everything until the other side closes."""
    got = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while len(got) < most and (piece := made.recv(65_536)):
            got += piece
    return got


def push(made: socket.socket, piece: bytes, size: int, seconds: float = 20.0) -> int:
    """Send until `size` bytes are away, the other side had enough, or the time is over; how many were taken."""
    sent, until = 0, time.monotonic() + seconds
    made.settimeout(2)
    with contextlib.suppress(OSError):
        while sent < size and time.monotonic() < until:
            sent += made.send(piece)
    return sent


@attempt("stranger", "half-open connections")
def half_open(target: Target) -> str:
    count = 300 if target.full else 60
    for endpoint in LISTENERS:
        made = [target.connect(endpoint) for _ in range(count)]
        with holding(*made):
            target.check_serves()
    return f"{count} idle connections to each of {len(LISTENERS)} listeners"


@attempt("stranger", "connection flood from many addresses")
def flood(target: Target) -> str:
    count = 1_000 if target.full else 200
    for endpoint in LISTENERS:
        made = []
        for number in range(count):
            with contextlib.suppress(OSError):
                made.append(target.connect(endpoint, STRANGERS[number % len(STRANGERS)]))
        with holding(*made):
            for one in made:
                with contextlib.suppress(OSError):
                    one.send(_BEGINNINGS[endpoint])
            target.check_serves()
    return f"{count} connections from {len(STRANGERS)} addresses to each listener, each with half a request"


@attempt("stranger", "slow head")
def slow_head(target: Target) -> str:
    made = {endpoint: target.connect(endpoint) for endpoint in LISTENERS}
    longest = {endpoint: _HEAD_ENDS_S if endpoint in HTTP else 35.0 for endpoint in LISTENERS}
    with holding(*made.values()):
        for endpoint in HTTP:
            made[endpoint].sendall(_BEGINNINGS[endpoint])
        began = time.monotonic()
        ended: dict[str, float] = {}
        while len(ended) < len(made) and time.monotonic() - began < max(longest.values()) + 5:
            for endpoint in made.keys() - ended.keys():
                try:
                    made[endpoint].send(b"x")
                    made[endpoint].settimeout(0.01)
                    if made[endpoint].recv(4096) == b"":
                        ended[endpoint] = time.monotonic() - began
                except TimeoutError:
                    pass
                except OSError:
                    ended[endpoint] = time.monotonic() - began
            time.sleep(0.3)
        assert len(ended) == len(made), f"still open: {made.keys() - ended.keys()}"
        assert all(ended[endpoint] <= longest[endpoint] for endpoint in ended), ended
    return ", ".join(f"{endpoint} ends it after {ended[endpoint]:.0f} s" for endpoint in LISTENERS)


@attempt("stranger", "huge head")
def huge_head(target: Target) -> str:
    size, taken = (1 << 30) if target.full else (64 << 20), {}
    before = target.memory()
    for endpoint in LISTENERS:
        beginning = b"GET / HTTP/1.1\r\nX: " if endpoint in HTTP else b"EHLO "
        made = target.connect(endpoint)
        with holding(made), contextlib.suppress(OSError):
            made.sendall(beginning)
            taken[endpoint] = push(made, b"a" * 65_536, size)
    grown = target.memory() - before
    assert grown < 50 << 20, f"{grown >> 20} MB more memory"
    target.check_serves()
    return f"up to {size >> 20} MB of one line: {max(grown, 0) >> 20} MB more memory"


@attempt("stranger", "a body without a session")
def body_without_session(target: Target) -> str:
    size = (400 << 20) if target.full else (32 << 20)
    before, disk = target.memory(), target.disk()
    paths = ("/compose", "/contacts/import", "/campaigns/0000000000000001/files", "/nothing", "/sign-in")
    for path in paths:
        made = target.connect("web")
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            f"Content-Length: {size}\r\n\r\n--b\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n"
        )
        with holding(made), contextlib.suppress(OSError):
            made.sendall(head.encode())
            sent = push(made, b"a" * 65_536, size)
            assert sent < size, f"{path} took all {size} bytes"
    grown, written = target.memory() - before, target.disk() - disk
    assert grown < 50 << 20, f"{grown >> 20} MB more memory"
    assert written < 50 << 20, f"{written >> 20} MB more on the disk"
    return f"{len(paths)} x {size >> 20} MB: {max(grown, 0) >> 20} MB memory, {max(written, 0) >> 20} MB disk"


@attempt("stranger", "slow body")
def slow_body(target: Target) -> str:
    seconds = 45.0
    made = {endpoint: target.connect(endpoint) for endpoint in HTTP}
    with holding(*made.values()):
        for endpoint in HTTP:
            made[endpoint].sendall(_BEGINNINGS[endpoint] + b"Content-Length: 100000\r\n\r\n")
        ended: dict[str, float] = {}
        began = time.monotonic()
        while len(ended) < len(made) and time.monotonic() - began < seconds:
            for endpoint in made.keys() - ended.keys():
                try:
                    made[endpoint].send(b"x")
                except OSError:
                    ended[endpoint] = time.monotonic() - began
            time.sleep(0.5)
        assert len(ended) == len(made), f"still open after {seconds:.0f} s: {made.keys() - ended.keys()}"
    return ", ".join(f"{endpoint} ends it after {ended[endpoint]:.0f} s" for endpoint in HTTP)


@attempt("stranger", "request smuggling")
def smuggling(target: Target) -> str:
    inner = "GET /l/x HTTP/1.1\r\nHost: evil\r\n\r\n"
    forms = [
        f"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n{len(inner):x}\r\n{inner}\r\n0\r\n\r\n",
        f"Content-Length: {len(inner)}\r\nContent-Length: 0\r\n\r\n{inner}",
        f"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}",
        f"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{inner}",
        f"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}",
        f"Content-Length: +{len(inner)}\r\n\r\n{inner}",
        f"Content-Length: 0x10\r\n\r\n{inner}",
        f"X: y\rContent-Length: {len(inner)}\r\n\r\n{inner}",
        f"Content-Length: {len(inner)}, 0\r\n\r\n{inner}",
    ]
    for endpoint in HTTP:
        for form in forms:
            made = target.connect(endpoint)
            with holding(made), contextlib.suppress(OSError):
                made.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{form}".encode())
                made.shutdown(socket.SHUT_WR)
                got = read_all(made)
                assert got.count(b"HTTP/1.1 302") == 0, form
    target.check_serves()
    return f"{len(forms)} forms at {len(HTTP)} listeners"


@attempt("stranger", "open relay, pipelining and end-of-data tricks")
def open_relay(target: Target) -> str:
    before = target.delivered
    lines = [
        "MAIL FROM:<owner@postlude.localhost>",
        "RCPT TO:<victim@example.com>",
        "DATA",
        "From: owner@postlude.localhost",
        "",
        "x",
        ".",
    ]
    tricks = ["\r\n", "\n", "\r", "\r\n\0", "\r\r\n"]
    for endpoint in SMTP:
        for end in tricks:
            made = target.connect(endpoint)
            with holding(made), contextlib.suppress(OSError):
                made.sendall(b"EHLO x\r\n" + end.join([*lines, "QUIT", ""]).encode())
                made.settimeout(2)
                got = read_all(made)
                assert b"354" not in got, (endpoint, end, got)
    time.sleep(1)
    assert target.delivered == before
    return f"{len(tricks)} line ends at {len(SMTP)} servers: nothing accepted"


@attempt("stranger", "wrong passwords")
def wrong_passwords(target: Target) -> str:
    tries = 60 if target.full else 12
    for number in range(tries):
        made = target.connect("relay", STRANGERS[0])
        with holding(made), contextlib.suppress(OSError):
            made.sendall(b"EHLO x\r\nAUTH PLAIN AG93bmVyAGJhZA==\r\nQUIT\r\n")
            got = read_all(made)
            assert b"\r\n235" not in got, number
    target.send_mail()
    return f"{tries} tries; the owner logs in all the same"


@attempt("stranger", "a mail with a head of 22 MB")
def huge_mail_head(target: Target) -> str:
    made = target.connect("inbound")
    with holding(made):
        made.recv(512)
        made.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bounce+aaaa@r.example.org>\r\nDATA\r\n")
        push(made, b"A: b\r\n" * 10_000, 22 << 20, 10)
    target.check_serves(1.0)
    return "without a tag that verifies the server does not even take DATA; nobody waits"
