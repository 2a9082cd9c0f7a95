"""What anybody can send to a port. Every listener of the instance gets each of them."""

import contextlib
import json
import smtplib
import socket
import time

from attacks.attempts import attempt
from attacks.routes import filled, paths_of
from attacks.stranger import STRANGERS
from attacks.target import PREFIXES, Target, holding

_HEAD_ENDS_S = 15.0
_BEGINNINGS = {"http": b"POST /compose HTTP/1.1\r\nHost: x\r\n", "smtp": b"EHLO", "tls": b"\x16\x03\x01\x02"}
_HUGE = {"http": b"GET / HTTP/1.1\r\nX: ", "smtp": b"EHLO ", "tls": b""}


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
    for endpoint in target.listeners:
        made = [target.connect(endpoint) for _ in range(count)]
        with holding(*made):
            target.check_serves()
    return f"{count} idle connections to each of {len(target.listeners)} listeners"


@attempt("stranger", "connection flood from many addresses")
def flood(target: Target) -> str:
    count = 1_000 if target.full else 200
    for endpoint in target.listeners:
        made = []
        for number in range(count):
            with contextlib.suppress(OSError):
                made.append(target.connect(endpoint, STRANGERS[number % len(STRANGERS)]))
        with holding(*made):
            for one in made:
                with contextlib.suppress(OSError):
                    one.send(_BEGINNINGS[target.speaks[endpoint]])
            target.check_serves()
    return f"{count} connections from {len(STRANGERS)} addresses to each listener, each with half a request"


@attempt("stranger", "slow head")
def slow_head(target: Target) -> str:
    made = {endpoint: target.connect(endpoint) for endpoint in target.listeners}
    longest = {endpoint: 35.0 if target.speaks[endpoint] == "smtp" else _HEAD_ENDS_S for endpoint in target.listeners}
    with holding(*made.values()):
        for endpoint in target.that_speak("http", "tls"):
            made[endpoint].sendall(_BEGINNINGS[target.speaks[endpoint]])
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
    return ", ".join(f"{endpoint} ends it after {ended[endpoint]:.0f} s" for endpoint in target.listeners)


@attempt("stranger", "huge head")
def huge_head(target: Target) -> str:
    size, taken = (1 << 30) if target.full else (64 << 20), {}
    before = target.memory()
    for endpoint in target.listeners:
        beginning = _HUGE[target.speaks[endpoint]]
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
    paths = [*map(filled, paths_of("POST")), "/nothing", "/sign-in"]
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
    made = {endpoint: target.connect(endpoint) for endpoint in target.that_speak("http")}
    with holding(*made.values()):
        for one in made.values():
            one.sendall(_BEGINNINGS["http"] + b"Content-Length: 100000\r\n\r\n")
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
    return ", ".join(f"{endpoint} ends it after {ended[endpoint]:.0f} s" for endpoint in made)


_LENGTHS = ("", "0", "{n}", "+{n}", "0x1", "{n}, 0", "-1", "{n} 0", "{n}\r\nContent-Length: 0")
_ENCODINGS = (
    "",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
)


@attempt("stranger", "request smuggling")
def smuggling(target: Target) -> str:
    """A second request inside of a first one's body is executed only where nobody can take it for a body."""
    tried = 0
    hidden = {"web": ("/healthz", b"HTTP/1.1 200"), "edge": (target.link, b"HTTP/1.1 302")}
    for endpoint in target.that_speak("http"):
        path, executed = hidden[endpoint]
        inner = f"GET {path} HTTP/1.1\r\nHost: evil\r\n\r\n"
        for encoding in _ENCODINGS:
            for length in _LENGTHS if target.full else _LENGTHS[1:5]:
                for body in (inner, f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n"):
                    head = ["POST /u/x HTTP/1.1", "Host: x", encoding]
                    head.append(length and f"Content-Length: {length.format(n=len(body))}")
                    got = answered(target, endpoint, "\r\n".join(filter(None, head)) + f"\r\n\r\n{body}")
                    says_no_body = body == inner and length in {"", "0"} and encoding in {"", _ENCODINGS[-1]}
                    assert says_no_body or executed not in got, (endpoint, encoding, length, got[:300])
                    tried += 1
    target.check_serves()
    return f"{tried} forms"


def answered(target: Target, endpoint: str, request: str) -> bytes:
    """Everything that comes back for these bytes."""
    made = target.connect(endpoint)
    with holding(made):
        with contextlib.suppress(OSError):
            made.sendall(request.encode())
            made.shutdown(socket.SHUT_WR)
        return read_all(made)


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
    for endpoint in target.that_speak("smtp"):
        for end in tricks:
            made = target.connect(endpoint)
            with holding(made), contextlib.suppress(OSError):
                made.sendall(b"EHLO x\r\n" + end.join([*lines, "QUIT", ""]).encode())
                made.settimeout(2)
                got = read_all(made)
                assert b"354" not in got, (endpoint, end, got)
    time.sleep(1)
    assert target.delivered == before
    return f"{len(tricks)} line ends at each SMTP server: nothing accepted"


def _login(target: Target, source: str, login: str, password: str) -> str:
    """The code that answers a login, with TLS as the relay wants it."""
    port = target.postlude.ports["relay"]
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=60, source_address=(source, 0)) as client:
            client.starttls(context=target.unverified)
            client.login(login, password)
    except smtplib.SMTPResponseException as refused:
        return str(refused.smtp_code)
    return "235"


@attempt("stranger", "wrong passwords")
def wrong_passwords(target: Target) -> str:
    """Who tries them locks out that login from that address, and nobody beside it."""
    tries = 30 if target.full else 6
    target.session_of("bert@b.example")
    bert = json.loads(target.postlude.run("user", "password", "bert@b.example", "--json").out)["password"]
    logins = (target.login.user, "nobody@b.example")
    answers = {login: [_login(target, STRANGERS[0], login, "wrong") for _ in range(tries)] for login in logins}
    one, other = answers.values()
    assert one == other, f"who is there is told from who is not: {answers}"
    assert {*one} <= {"535", "454"}, answers
    assert _login(target, STRANGERS[0], "bert@b.example", bert) == "235", "nobody else at that address can log in"
    target.send_mail()
    return f"{2 * tries} tries; a colleague at the same address and the owner elsewhere log in"


@attempt("stranger", "a mail with a head of 22 MB")
def huge_mail_head(target: Target) -> str:
    """From a recipient: the tag is a real one."""
    before = target.memory()
    made = target.connect("inbound")
    with holding(made):
        made.recv(512)
        made.sendall(f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{target.return_path('bob1@')}>\r\nDATA\r\n".encode())
        push(made, b"A: b\r\n" * 10_000, 22 << 20, 10)
        target.check_serves(5.0)
        made.settimeout(30)
        with contextlib.suppress(OSError):
            made.sendall(b"\r\n.\r\nQUIT\r\n")
        got = read_all(made)
    assert b"552 5.3.4" in got, got[-300:]
    grown = target.memory() - before
    assert grown < 100 << 20, f"{grown >> 20} MB more memory"
    return f"refused with 552; others are served meanwhile, {max(grown, 0) >> 20} MB more memory"


@attempt("stranger", "commands before STARTTLS")
def injected_commands(target: Target) -> str:
    for endpoint in target.that_speak("smtp"):
        with target.connect(endpoint) as made:
            made.recv(512)
            made.sendall(b"EHLO x\r\n")
            if b"STARTTLS" not in made.recv(4096):
                continue
            made.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\nRSET\r\n")
            assert made.recv(512).startswith(b"220")
            with target.unverified.wrap_socket(made) as protected:
                protected.sendall(b"EHLO y\r\n")
                got = protected.recv(4096)
                assert got.startswith(b"250-"), got
                protected.sendall(b"QUIT\r\n")
                assert protected.recv(4096).startswith(b"221")
    return "what came before the handshake is not answered behind it"


@attempt("stranger", "many requests at once whose answers nobody reads")
def unread_answers(target: Target) -> str:
    count = 200 if target.full else 40
    before, most = target.memory(), 0
    for endpoint in target.that_speak("http"):
        made = [target.connect(endpoint, STRANGERS[number % len(STRANGERS)]) for number in range(count)]
        with holding(*made):
            for one in made:
                one.settimeout(0.2)
                with contextlib.suppress(OSError):
                    one.sendall(b"GET / HTTP/1.1\r\nHost:x\r\n\r\n" * 40_000)
            most = max(most, target.memory() - before)
            target.check_serves(20)
    assert most < 80 << 20, f"{most >> 20} MB more memory"
    return f"{count} connections with 40,000 requests each: {max(most, 0) >> 20} MB more memory"


@attempt("stranger", "bodies that are nearly whole")
def nearly_whole(target: Target) -> str:
    """At every address that takes a POST, whoever may send one there."""
    count = 500 if target.full else 100
    paths = {"web": list(map(filled, paths_of("POST"))), "edge": [f"/{prefix}/x/x" for prefix in PREFIXES.values()]}
    before, most = target.memory(), 0
    for endpoint in target.that_speak("http"):
        made = [target.connect(endpoint, STRANGERS[number % len(STRANGERS)]) for number in range(count)]
        with holding(*made):
            for number, one in enumerate(made):
                path = paths[endpoint][number % len(paths[endpoint])]
                one.settimeout(0.2)
                with contextlib.suppress(OSError):
                    one.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n".encode())
                    one.sendall(b"a" * 899_999)
            most = max(most, target.memory() - before)
            target.check_serves(20)
    assert most < 80 << 20, f"{most >> 20} MB more memory"
    return f"{count} connections with 0.9 MB each: {max(most, 0) >> 20} MB more memory"


@attempt("stranger", "parts of a mail to nobody")
def chunks_to_nobody(target: Target) -> str:
    count, size = (40 if target.full else 10), 20 << 20
    before, most = target.memory(), 0
    for endpoint in target.that_speak("smtp"):
        made = [target.connect(endpoint, STRANGERS[number % len(STRANGERS)]) for number in range(count)]
        with holding(*made):
            for one in made:
                one.settimeout(5)
                with contextlib.suppress(OSError):
                    one.sendall(f"EHLO x\r\nMAIL FROM:<>\r\nBDAT {size}\r\n".encode())
                    push(one, b"a" * 65_536, size - 65_536, 5)
            most = max(most, target.memory() - before)
            target.check_serves(20)
    assert most < 80 << 20, f"{most >> 20} MB more memory"
    return f"{count} connections with 20 MB each: {max(most, 0) >> 20} MB more memory"


@attempt("stranger", "commands without mail")
def talk(target: Target) -> str:
    most = 0
    for endpoint in target.that_speak("smtp"):
        with target.connect(endpoint) as made, contextlib.suppress(OSError):
            made.sendall(b"EHLO x\r\n" + b"NOOP\r\n" * 2_000)
            got = read_all(made)
            most = max(most, got.count(b"\r\n250 ") + got.count(b"\r\n500 "))
    assert most < 300, f"{most} replies"
    return f"cut off after {most} replies"


@attempt("recipient", "a file downloaded under many names at once")
def downloads(target: Target) -> str:
    page = target.form("/campaigns", {"name": "Download"}, "/campaigns").headers["location"].partition("?")[0]
    size, count = 24 << 20, 60 if target.full else 15
    assert target.upload(f"{page}/files", "big.pdf", b"%PDF" + bytes(size), page, hosted="1").status == 303
    file = next(path.name for path in (target.postlude.data / "files").iterdir() if path.stat().st_size > size)
    before = target.memory()
    made = [target.connect("edge", STRANGERS[number % len(STRANGERS)]) for number in range(count)]
    with holding(*made):
        for number, one in enumerate(made):
            one.sendall(f"GET /{PREFIXES['file']}/{file}/{number}.pdf HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(3)
        grown = target.memory() - before
        target.check_serves(20)
    # Answers under way 128 MB, files kept 64 MB, two threads that read one, and what the upload left in the app.
    assert grown < 350 << 20, f"{grown >> 20} MB more memory"
    return f"{count} names of 24 MB, unread: {max(grown, 0) >> 20} MB more memory"
