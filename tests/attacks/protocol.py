"""Forms of HTTP that nobody needs here, and sessions that somebody else began."""

import contextlib
import secrets
import socket
from urllib.parse import urlsplit

from attacks.attempts import attempt
from attacks.routes import filled, paths_of
from attacks.strangers import read_all
from attacks.target import PREFIXES, Target, holding

_MEMORY = 50 << 20
_FOREIGN = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" * 2_000,
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAA\r\n\r\n",
    b"CONNECT evil.example:25 HTTP/1.1\r\nHost: evil.example:25\r\n\r\n",
    b"TRACE / HTTP/1.1\r\nHost: x\r\nX-Secret: 4711\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\nX-Secret: 4711\r\n\r\n",
    b"GET /\r\n",
    b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
    b"EHLO x\r\nMAIL FROM:<a@b.example>\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(508),
    b"SSH-2.0-x\r\n",
    b"\0" * 4_096,
)


def raw(target: Target, endpoint: str, request: bytes, seconds: float = 5.0) -> bytes:
    """Everything that comes back for these bytes while the connection stays open."""
    made = target.connect(endpoint)
    made.settimeout(seconds)
    with holding(made):
        with contextlib.suppress(OSError):
            made.sendall(request)
            made.shutdown(socket.SHUT_WR)
        return read_all(made)


@attempt("stranger", "other protocols than HTTP/1 at its ports")
def foreign_protocols(target: Target) -> str:
    for endpoint in target.that_speak("http"):
        for beginning in _FOREIGN:
            got = raw(target, endpoint, beginning)
            assert b" 101 " not in got[:20], (endpoint, beginning[:40], got[:80])
            assert b"4711" not in got, (endpoint, beginning[:40])
            assert b"evil.example" not in got.partition(b"\r\n\r\n")[0], (endpoint, beginning[:40])
            if beginning.startswith((b"CONNECT", b"TRACE", b"PRI")):
                assert not got.startswith(b"HTTP/1.1 2"), (endpoint, beginning[:40], got[:80])
    return f"{len(_FOREIGN)} beginnings at each HTTP listener: no tunnel, no upgrade, no echo"


def _chunked(size: str, data: bytes, *, path: str = "/u/x", more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{more}\r\n{size}\r\n"
    return head.encode() + data


@attempt("stranger", "chunked bodies without an end")
def chunked_bodies(target: Target) -> str:
    before, tried = target.memory(), 0
    forms = {
        "one byte at a time": _chunked("1", b"a\r\n" + b"1\r\na\r\n" * 300_000),
        "a chunk of 16 exabytes": _chunked("FFFFFFFFFFFFFFFF", b"a" * 65_536),
        "a chunk of more than that": _chunked("1" + "0" * 40, b"a" * 65_536),
        "a negative chunk": _chunked("-1", b"a" * 65_536),
        "a long extension": _chunked("1;" + "a" * 2_000_000, b"a\r\n0\r\n\r\n"),
        "a long trailer": _chunked("0", b"X: " + b"a" * 2_000_000 + b"\r\n\r\n"),
        "many trailers": _chunked("0", b"X: a\r\n" * 200_000 + b"\r\n"),
        "a length of 2,000,000 zeros": _chunked("0" * 2_000_000 + "1", b"a\r\n0\r\n\r\n"),
    }
    paths = {"web": ["/sign-in", "/compose"], "edge": [f"/{prefix}/x" for prefix in PREFIXES.values()]}
    for endpoint in target.that_speak("http"):
        for path in paths[endpoint] if target.full else paths[endpoint][:2]:
            for name, form in forms.items():
                got = raw(target, endpoint, form.replace(b"/u/x", path.encode(), 1))
                assert not got.startswith(b"HTTP/1.1 5"), (endpoint, path, name, got[:80])
                tried += 1
    grown = target.memory() - before
    assert grown < _MEMORY, f"{grown >> 20} MB more memory"
    return f"{tried} bodies: {max(grown, 0) >> 20} MB more memory"


@attempt("stranger", "bodies that ask first (Expect: 100-continue)")
def expectations(target: Target) -> str:
    """Who is not known is not told to go on, and a wrong expectation is no fault of ours."""
    paths = [*map(filled, paths_of("POST")), "/nothing"]
    for path in paths:
        for expected in ("100-continue", "100-Continue", "nonsense"):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\nExpect: {expected}\r\n\r\n"
            got = raw(target, "web", head.encode())
            assert not got.startswith((b"HTTP/1.1 100", b"HTTP/1.1 5", b"HTTP/1.1 2")), (path, expected, got[:80])
    return f"{len(paths)} addresses answer before a byte of the body"


@attempt("stranger", "thousands of small header fields")
def many_fields(target: Target) -> str:
    before, tried = target.memory(), 0
    fields = (
        b"a: b\r\n" * 500_000,
        b"".join(b"x%d: %d\r\n" % (number, number) for number in range(100_000)),
        b"Cookie: a=b\r\n" * 100_000,
        b"Cookie: " + b"a=b; " * 200_000 + b"\r\n",
        b"Accept-Language: " + b"de;q=0.1," * 100_000 + b"\r\n",
        b"X-Forwarded-For: " + b"127.0.0.1, " * 100_000 + b"\r\n",
        b":\r\n" * 300_000,
        b" folded\r\n" * 200_000,
    )
    for endpoint in target.that_speak("http"):
        path = "/sign-in" if endpoint == "web" else target.link  # a pixel is a picture whatever comes with it
        for block in fields:
            got = raw(target, endpoint, f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode() + block + b"\r\n")
            assert not got.startswith((b"HTTP/1.1 200", b"HTTP/1.1 3", b"HTTP/1.1 5")), (endpoint, block[:20], got[:80])
            tried += 1
    grown = target.memory() - before
    assert grown < _MEMORY, f"{grown >> 20} MB more memory"
    return f"{tried} heads refused: {max(grown, 0) >> 20} MB more memory"


@attempt("stranger", "many ranges of one file at once")
def ranges(target: Target) -> str:
    """What is sent for a request is never more than the file."""
    page = target.form("/campaigns", {"name": "Ranges"}, "/campaigns").headers["location"].partition("?")[0]
    content = b"%PDF" + bytes(100_000)
    assert target.upload(f"{page}/files", "ranges.pdf", content, page, hosted="1").status == 303
    files = (target.postlude.data / "files").iterdir()
    file = next(path.name for path in files if path.stat().st_size == len(content))
    paths = {"edge": f"/{PREFIXES['file']}/{file}/a.pdf", "web": "/static/htmx.min.js"}
    tried = 0
    for endpoint in target.that_speak("http"):
        whole = len(target.ask(endpoint, "GET", paths[endpoint]).body)
        for value in (
            "bytes=" + ",".join(["0-"] * 1_300),
            "bytes=" + ",".join(f"{number}-" for number in range(1_000)),
            "bytes=-1,-2,-3",
            "bytes=0-18446744073709551616",
            "bytes=5-1",
            "lines=1-2",
            "bytes=" + "0-0," * 2_000 + "0-",
        ):
            answer = target.ask(endpoint, "GET", paths[endpoint], headers={"Range": value})
            assert answer.status in {200, 206, 400, 416, 431}, (endpoint, value[:30], answer.status)
            assert len(answer.body) <= whole + 4_096, (endpoint, value[:30], len(answer.body))
            tried += 1
    return f"{tried} headers; no answer is larger than the file"


@attempt("stranger", "paths that leave their folder")
def traversal(target: Target) -> str:
    secret = (target.postlude.data / "keys.json").read_bytes()[:40]
    ups = (
        "../",
        "..%2f",
        "%2e%2e/",
        "%2e%2e%2f",
        "%252e%252e%252f",
        "..%5c",
        "..\\",
        "%c0%ae%c0%ae/",
        "....//",
        "..;/",
    )
    ends = ("etc/passwd", "keys.json", "etc/passwd%00.css", "proc/self/environ", "state.sqlite")
    tried = 0
    for endpoint in target.that_speak("http"):
        starts = ["/static/", "/"] if endpoint == "web" else [f"/{prefix}/" for prefix in PREFIXES.values()]
        for start in starts:
            for up in ups:
                for end in ends:
                    for depth in (1, 2, 8):
                        request = f"GET {start}{up * depth}{end} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                        got = raw(target, endpoint, request.encode())
                        assert b"root:" not in got, (endpoint, request)
                        assert secret not in got, (endpoint, request)
                        assert b"SQLite format" not in got, (endpoint, request)
                        assert not got.startswith(b"HTTP/1.1 5"), (endpoint, request, got[:80])
                        tried += 1
            if not target.full:
                break
    return f"{tried} paths"


@attempt("stranger", "a session that was there before the sign-in (session fixation)")
def fixation(target: Target) -> str:
    """A cookie an attacker planted is never the one that is signed in."""
    name = target.cookie.partition("=")[0]
    planted = [secrets.token_urlsafe(32), target.session_of("bert@b.example").partition("=")[2], "x" * 4_000, ""]
    for value in planted:
        link = urlsplit(target.postlude.sign_in_link()).path
        answer = target.ask("web", "GET", link, headers={"Cookie": f"{name}={value}"})
        given = answer.headers["set-cookie"].partition(";")[0]
        assert given.partition("=")[2] not in {value, *planted}, value[:20]
        if value != planted[1]:
            page = target.ask("web", "GET", "/preferences", headers={"Cookie": f"{name}={value}"})
            assert page.status == 303, value[:20]
    return f"{len(planted)} planted cookies; each sign-in made one of its own"


@attempt("user", "every form with the token of another session")
def borrowed_tokens(target: Target) -> str:
    """The token of a page that Bert may see is worth nothing in the owner's session, nor elsewhere than in a body."""
    token = target.csrf("/compose", target.session_of("bert@b.example"))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    own = target.csrf()
    for path in map(filled, paths_of("POST")):
        for at, body in (
            (path, f"csrf={token}"),
            (f"{path}?csrf={own}", ""),
            (path, f"x={own}"),
            (path, f"CSRF={own}"),
        ):
            answer = target.ask("web", "POST", at, body.encode(), kind)
            assert answer.status in {400, 403, 404}, (path, body[:10], answer.status)
        plain = target.ask("web", "POST", path, f"csrf={own}".encode(), {"Content-Type": "text/plain"})
        assert plain.status in {400, 403, 404, 415}, (path, plain.status)
    return f"{len(paths_of('POST'))} forms x 5"
