"""Text that tries to become something else: a header field, a line of the log, a formula, a path, a second mail."""

import base64
import contextlib
import csv
import io
import re
import smtplib
import time

from attacks.attempts import attempt
from attacks.routes import filled, paths_of
from attacks.target import Target

_LINES = ("\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "%0d%0a")
_ESCAPE = "\x1b[31mred\x1b[0m"


@attempt("user", "header fields in a form (header injection)")
def header_fields(target: Target) -> str:
    tried = 0
    for end in _LINES:
        evil = f"a{end}Bcc: victim@evil.example{end}X-Evil: 1{end}{end}body"
        to = f"dora{target.random.randrange(10**9)}@example.com"
        fields = {"sender": target.login.user, "to": to, "subject": "x", "body": "Hello"}
        for name in ("sender", "to", "cc", "subject"):
            answer = target.form("/compose", fields | {name: fields.get(name, "") + evil})
            assert answer.status in {303, 400}, (name, answer.status)
            tried += 1
    time.sleep(1)
    assert not target.mails("victim@evil.example")
    for raw in target.mails("dora"):
        head = raw.partition(b"\r\n\r\n")[0].lower()
        assert not re.search(rb"(?:^|\r\n|\r|\n)(?:bcc|x-evil):", head), raw[:500]
    return f"{tried} forms; no field of theirs is in a mail"


@attempt("user", "senders that are somebody else's, in every form that names one")
def senders(target: Target) -> str:
    cookie = target.session_of("bert@b.example")
    boss = target.login.user
    forms = (
        boss,
        f"bert@b.example, {boss}",
        f"<bert@b.example> <{boss}>",
        f"bert@b.example;{boss}",
        f"bert@b.example\r\nBcc: {boss}",
    )
    made = target.form("/campaigns", {"name": "Bert's"}, "/campaigns", cookie).headers["location"].partition("?")[0]
    for form in forms:
        draft = {
            "name": "x",
            "sender": form,
            "variant": "A",
            "A_subject": "x",
            "A_format": "html",
            "A_source": "<p>x</p>",
        }
        answers = [
            target.form("/lists", {"name": f"L{target.random.random()}", "sender": form}, "/lists", cookie),
            target.form(made, draft, made, cookie),
            target.form(
                "/compose", {"sender": form, "to": "z@example.com", "subject": "x", "body": "x"}, cookie=cookie
            ),
        ]
        assert [answer.status for answer in answers] == [400, 400, 400], (form, [one.status for one in answers])
    return f"{len(forms)} senders refused by lists, campaigns and compose"


@attempt("stranger", "lines and colours in the log (log injection)")
def log_lines(target: Target) -> str:
    evil = f"x\r\n2026-01-01 00:00:00,000 ERROR INJECTED: all mail was lost{_ESCAPE}"
    for endpoint in target.that_speak("smtp"):
        with contextlib.suppress(smtplib.SMTPException, OSError):
            client = target.mail_client(endpoint)
            client.docmd(f"EHLO {_ESCAPE}INJECTED")
            plain = base64.b64encode(f"\0{evil}\0{evil}".encode()).decode()
            client.docmd(f"AUTH PLAIN {plain}")
            client.docmd(f"MAIL FROM:<{_ESCAPE}INJECTED@x>")
            client.docmd(f"RCPT TO:<{_ESCAPE}INJECTED@x>")
            client.close()
    for endpoint in target.that_speak("http"):
        for path in ("/%0d%0a2026-01-01%20INJECTED%1b[31m", "/u/%1b[31mINJECTED", "/h/%0aINJECTED/x"):
            target.ask(endpoint, "GET", path, headers={"User-Agent": "INJECTED%0a\x1b[31m", "Referer": "\tINJECTED"})
            target.ask(endpoint, "POST", path, b"csrf=%1b%0aINJECTED")
    time.sleep(0.5)
    log = target.log()
    assert b"\x1b" not in log
    assert not [line for line in log.splitlines() if line.startswith((b"2026-01-01", b"INJECTED", b"ERROR INJ"))]
    return "no line and no colour of theirs in the log"


@attempt("user", "formulas in exports (CSV injection)")
def formulas(target: Target) -> str:
    for number, formula in enumerate(("=1+2", "+1", "-1", "@SUM(1)", "\t=1", "=HYPERLINK(1)", "\r=1", "|calc")):
        target.form("/contacts", {"address": f"f{number}@x.example", "name": formula}, "/contacts")
    tried = 0
    for path in paths_of("GET"):
        if "{" in path.replace("{form}", "") or not filled(path).endswith(".csv"):
            continue
        answer = target.ask("web", "GET", filled(path))
        assert answer.status == 200, path
        rows = csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], path
        tried += 1
    assert tried >= 4
    return f"{tried} exports: none begins a cell with a formula"


@attempt("user", "names of files that lead elsewhere")
def file_names(target: Target) -> str:
    made = target.form("/campaigns", {"name": "Files"}, "/campaigns").headers["location"].partition("?")[0]
    names = (
        "../../../evil.txt",
        "/etc/evil.txt",
        "..\\evil.txt",
        "evil\x00.txt",
        "a" * 300 + ".txt",
        "a\r\nX-Evil: 1.txt",
        ".",
        "",
    )
    before = {path for path in target.postlude.home.rglob("*") if "evil" in path.name}
    for name in names:
        for hosted in ("", "1"):
            shown = name.replace("\r", "%0D").replace("\n", "%0A")
            answer = target.upload(
                f"{made}/files", shown, b"<script>alert(1)</script>", made, **({"hosted": "1"} if hosted else {})
            )
            assert answer.status in {303, 400, 422}, (name, answer.status)
    outside = {path for path in target.postlude.home.rglob("*") if "evil" in path.name} - before
    assert not outside, outside
    return f"{len(names)} names; nothing is written under them"


@attempt("login", "a second mail behind the first (end-of-data tricks)")
def end_of_data(target: Target) -> str:
    me = target.login.user
    second = f"MAIL FROM:<{me}>\r\nRCPT TO:<smuggled@example.com>\r\nDATA\r\nFrom: {me}\r\n\r\nx\r\n.\r\n"
    ends = (
        "\n.\n",
        "\r\n.\n",
        "\n.\r\n",
        "\r.\r",
        "\r\n.\r",
        "\r.\r\n",
        "\r\n\0.\r\n",
        "\n.\r",
        "\r\n.\0\r\n",
        "\n\n.\r\n",
    )
    for end in ends:
        with target.postlude.relay() as client, contextlib.suppress(smtplib.SMTPException, OSError):
            client.login(*target.login)
            client.docmd(f"MAIL FROM:<{target.login.user}>")
            client.docmd("RCPT TO:<first@example.com>")
            client.docmd("DATA")
            client.send(f"From: {target.login.user}\r\n\r\nx{end}{second}".encode())
            client.getreply()
    time.sleep(1)
    assert not target.mails("smuggled@example.com")
    return f"{len(ends)} line ends: none begins a second mail"


@attempt("login", "switches for Postlude that leave with the mail")
def switches(target: Target) -> str:
    names = (
        "X-Postlude-Opens",
        "X-Postlude-Clicks",
        "X-Postlude-Unknown",
        "x-postlude-view",
        "X-Mailgun-Track",
        "Return-Path",
        "Bcc",
    )
    head = "".join(f"{name}: no\r\n" for name in names[:-1]) + "Bcc: hidden@example.com\r\n"
    raw = f"{head}From: {target.login.user}\r\nTo: switched@example.com\r\nSubject: x\r\n\r\nHello\r\n"
    target.postlude.submit(target.login.user, ["switched@example.com"], raw.encode())
    left = target.last_mail("switched@").partition(b"\r\n\r\n")[0].lower()
    assert b"x-postlude-" not in left, left
    assert b"hidden@" not in left, left
    return f"{len(names)} fields that are ours alone"


@attempt("stranger", "formulas in exports that a visitor's program put there")
def formulas_of_visitors(target: Target) -> str:
    formulas = ('=HYPERLINK("http://evil.example")', "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3+cmd|' /C calc'!A0")
    for formula in formulas:
        for path in (target.pixel, target.link):
            target.ask("edge", "GET", path, headers={"User-Agent": formula, "Accept-Language": formula})
    target.wait_until_digested()
    time.sleep(1)
    out = target.postlude.run("timeline", "bob1@example.com", "--csv", "-").out
    cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
    assert len(cells) > len(formulas), out
    bad = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
    assert not bad, bad
    return f"{len(cells)} cells, none begins a formula"
