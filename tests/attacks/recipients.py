"""What can be done with the links of a mail, and with calls and mail that pretend."""

import contextlib
import json
import smtplib
from urllib.parse import quote

from attacks.attempts import attempt
from attacks.target import Target
from postlude.feedback.providers import PROVIDERS

EVIL = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://shop.example@evil.example/",
    "https://shop.example.evil.example/a",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://shop.example\r\nLocation: https://evil.example",
)


@attempt("stranger", "open redirects")
def redirects(target: Target) -> str:
    _, _, token, rest = target.link.split("/", 3)
    mac, _, good = rest.partition("/")
    tried = 0
    for evil in EVIL:
        plain = quote(evil, safe="/:@\\")
        for tail in (
            plain,
            quote(evil, safe=""),
            good + plain,
            f"{good}/{plain}",
            f"{good}?next={plain}",
            f"{good}%00{plain}",
        ):
            for path in (f"/l/{token}/{mac}/{tail}", f"/l/{token}/9{mac}/{tail}", f"//{tail}", f"/{tail}"):
                answer = target.ask("edge", "GET", path.replace("\\", "%5C"))
                where = answer.headers.get("location", "")
                assert where in {"", "https://shop.example/a?b=c"}, (path, where)
                tried += 1
    return f"{tried} URLs, none leads elsewhere"


@attempt("stranger", "forged provider calls")
def forged_calls(target: Target) -> str:
    event = [{"event": "bounce", "email": "bob1@example.com", "type": "bounce", "reason": "550"}]
    bodies = [json.dumps(event).encode(), b"{}", b"[" * 100_000, b"\xff" * 1000, b""]
    tried = 0
    for provider in (*PROVIDERS, "nonsense"):
        for key in ("", "x", "A" * 16, target.tokens.read, target.tokens.act, target.codec.mint_hook("other")):
            for body in bodies:
                answer = target.ask("edge", "POST", f"/h/{provider}/{key}", body)
                assert answer.status >= 400, (provider, key, answer.status)
                tried += 1
    assert "bob1@example.com" not in target.postlude.run("suppressions", "list").out
    return f"{tried} calls; nobody is suppressed"


@attempt("stranger", "forged bounces and stops by mail")
def forged_mail(target: Target) -> str:
    tried = 0
    with contextlib.closing(smtplib.SMTP("127.0.0.1", target.postlude.ports["inbound"], timeout=10)) as client:
        client.ehlo("x")
        for local in ("bounce+aaaaaaaa", "u+" + "a" * 28, "r+x", "postmaster", "bob1", "bounce", "u"):
            for domain in ("r.example.org", "[127.0.0.1]", "evil.example"):
                client.docmd("RSET")
                client.docmd("MAIL FROM:<>")
                code, _ = client.docmd(f"RCPT TO:<{local}@{domain}>")
                assert 500 <= code < 600, (local, domain, code)
                tried += 1
    return f"{tried} addresses refused, none answered by a mail of ours"
