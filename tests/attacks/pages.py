"""What can be done to whoever looks at a page of the web app, and with somebody else's things in it."""

import re
import socket
import threading
import time
from urllib.parse import quote, urlsplit

from attacks.attempts import attempt
from attacks.routes import filled, paths_of, routes
from attacks.target import Answer, Target, holding
from postlude.web.messages.live_events import STREAMS
from servers.waiting import LOOPBACK

MARK = "alert(4711)"
HOSTILE = f"\"'><script>{MARK}</script><img src=x onerror={MARK}>{{{{7*7}}}}"
_LIVE = re.compile(rf"<script[^>]*>[^<]*{re.escape(MARK)}|<img src=x", re.IGNORECASE)
_STREAMS = {"/events"}
_PAGES = 80


def check_page(path: str, answer: Answer) -> None:
    """Nothing that came in is live in it, and nothing could run if it were."""
    if "text/html" not in answer.headers.get("content-type", ""):
        assert answer.headers.get("x-content-type-options") == "nosniff" or answer.status >= 300, path
        return
    policy = answer.headers.get("content-security-policy", "")
    assert "unsafe-eval" not in policy, path
    if policy.startswith("sandbox"):  # a mail in its frame
        assert not {"allow-scripts", "allow-same-origin"} & set(policy.replace(";", " ").split()), path
        return
    for part in ("script-src 'self';", "frame-ancestors 'none'"):
        assert part in policy, (path, policy)
    found = _LIVE.search(answer.body.decode("utf-8", "replace"))
    assert not found, (path, found)


@attempt("stranger", "scripts in addresses (reflected XSS)")
def reflected(target: Target) -> str:
    tried = 0
    for route in routes():
        if route.method != "GET" or route.path in _STREAMS:
            continue
        hostile = quote(HOSTILE, safe="")
        named = [f"{name}={hostile}" for name in (*route.query, "q", "page", "error")]
        for path in {filled(route.path, hostile), f"{filled(route.path)}?{'&'.join(named)}"}:
            for cookie in ("", target.cookie):
                answer = target.ask("web", "GET", path, headers={"Cookie": cookie})
                assert answer.status < 500, (path, answer.status)
                check_page(path, answer)
                tried += 1
    return f"{tried} requests of {len(paths_of('GET'))} routes"


@attempt("user", "scripts in what is stored (stored XSS)")
def stored(target: Target) -> str:
    """Every name a page can show is hostile, then every page that can be reached is looked at."""
    target.form("/contacts", {"address": "mallory@x.example", "name": HOSTILE}, "/contacts")
    target.form("/lists", {"name": HOSTILE, "description": HOSTILE, "consent_text": HOSTILE}, "/lists")
    made = target.form("/campaigns", {"name": HOSTILE}, "/campaigns").headers["location"].partition("?")[0]
    fields = {"name": HOSTILE, "subject": HOSTILE, "preheader": HOSTILE, "source": f"<p>{HOSTILE}</p>"}
    draft = {"sender": target.login.user, "variant": "A", "name": HOSTILE} | {f"A_{k}": v for k, v in fields.items()}
    target.form(made, draft, made)
    target.form("/suppressions", {"address": "eve@x.example", "note": HOSTILE}, "/suppressions")
    target.form("/preferences", {"exclude": HOSTILE, "utm": HOSTILE}, "/preferences")
    target.send_mail(f'<a href="https://shop.example/?{quote(HOSTILE)}">{HOSTILE}</a>', subject=HOSTILE)
    target.ask("edge", "GET", target.pixel, headers={"User-Agent": HOSTILE, "Referer": HOSTILE})
    seen, pending = set[str](), ["/", *(path for path in paths_of("GET") if "{" not in path)]
    while pending and len(seen) < _PAGES:
        path = pending.pop(0)
        if path in seen or urlsplit(path).path in _STREAMS:
            continue
        seen.add(path)
        answer = target.ask("web", "GET", path)
        assert answer.status < 500, (path, answer.status)
        check_page(path, answer)
        links = re.findall(r"(?:href|src)=\"(/[^\"#]*)", answer.body.decode("utf-8", "replace"))
        pending += [link.replace("&amp;", "&") for link in links if not link.startswith(("/static/", "/sign-in/"))]
    return f"{len(seen)} pages"


@attempt("user", "what belongs to somebody else")
def foreign_things(target: Target) -> str:
    """Messages and campaigns of the owner, asked for and changed by another user: as if they were not there."""
    cookie = target.session_of("bert@b.example")
    made = target.form("/campaigns", {"name": "Mine"}, "/campaigns").headers["location"].partition("?")[0]
    ids = {
        "campaign": made.rpartition("/")[2],
        "message": f"{target.ref.scope:016x}",
        "copy": f"{target.ref.copy:016x}",
    }
    tried = 0
    csrf = target.csrf("/compose", cookie)
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    for route in routes():
        if not {"{campaign}", "{message}"} & set(route.path.split("/")):
            continue
        path = re.sub(r"\{(\w+)\}", lambda match: ids.get(match[1], "A"), route.path)
        assert target.ask("web", "GET", path).status in {200, 405, 404, 400, 303}, path
        answer = target.ask("web", route.method, path, f"csrf={csrf}&sure=1".encode(), kind)
        assert answer.status in {404, 422, 400}, (route.method, path, answer.status)
        assert b"Mine" not in answer.body, path
        tried += 1
    assert target.ask("web", "GET", made).status == 200
    return f"{tried} addresses answer another user with 404"


@attempt("user", "every connection of the web app held by one user")
def held_streams(target: Target) -> str:
    """With what is answered for as long as the page is open. They come from this machine, as behind a proxy."""
    cookie, count = target.session_of("bert@b.example"), 950 if target.full else 120
    head = f"GET /events HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()
    for _ in range(2):  # what ended counts no more
        made = [socket.create_connection((LOOPBACK, target.postlude.ports["web"]), timeout=10) for _ in range(count)]
        with holding(*made):
            for one in made:
                one.sendall(head)
            codes = [one.recv(12)[-3:] for one in made]
            target.check_serves()
        assert codes.count(b"200") == STREAMS, codes.count(b"200")
        time.sleep(2)
    return f"{count} streams asked for, {STREAMS} given"


@attempt("stranger", "one sign-in link taken by many at once")
def races(target: Target) -> str:
    path = urlsplit(target.postlude.sign_in_link()).path
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: answers.append(target.ask("web", "GET", path, headers={"Cookie": ""})))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = target.cookie.partition("=")[0]
    winners = [answer for answer in answers if f"{session}=" in answer.headers.get("set-cookie", "")]
    assert len(answers) == len(threads)
    assert len(winners) == 1, f"{len(winners)} sessions from one link"
    flags = winners[0].headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/"} <= set(flags.split("; ")), flags
    return "one winner of 20; its cookie is for no script and no other site"


@attempt("stranger", "a session after its sign-out")
def signed_out(target: Target) -> str:
    cookie = target.session_of("bert@b.example")
    assert target.ask("web", "GET", "/preferences", headers={"Cookie": cookie}).status == 200
    assert target.form("/sign-out", {}, "/preferences", cookie).status == 303
    for path in paths_of("GET"):
        if path in _STREAMS | {"/healthz"} or path.startswith(("/sign-in", "/password/")):  # strangers' as well
            continue
        answer = target.ask("web", "GET", filled(path), headers={"Cookie": cookie})
        assert answer.status in {303, 401, 404}, (path, answer.status)
    return "its cookie opens nothing any more"


@attempt("stranger", "redirects to where a request says")
def named_redirects(target: Target) -> str:
    evil = ("https://evil.example/", "//evil.example", "/\\evil.example", "evil.example\r\nX: y")
    names = ("next", "url", "to", "return", "redirect", "continue", "r", "back")
    tried = 0
    for route in routes():
        if route.method != "GET" or route.path in _STREAMS:
            continue
        for value in evil if target.full else evil[:2]:
            query = "&".join(f"{name}={quote(value)}" for name in names)
            for path in (
                f"{filled(route.path)}?{query}",
                f"{filled(route.path)}/?{query}",
                f"//evil.example{route.path}",
            ):
                headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Referer": value.split("\r")[0]}
                where = target.ask("web", "GET", path, headers=headers).headers.get("location", "/")
                assert re.match(r"/(?![/\\])", where), (path, where)
                tried += 1
    return f"{tried} requests, no answer names another host"
