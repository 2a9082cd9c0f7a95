"""SMTP commands that cost more than they should, and numbers in them that are none."""

import contextlib
import json
import smtplib
import time

from attacks.attempts import attempt
from attacks.strangers import read_all
from attacks.target import Target, holding


@attempt("stranger", "a mail in parts of nothing, and talk behind a named recipient")
def empty_parts(target: Target) -> str:
    """Of who has named a recipient nothing is asked but a mail; each of his commands costs as much as the first."""
    count, cut = (100_000 if target.full else 20_000), []
    begun = f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{target.return_path('bob1@')}>\r\n".encode()
    for command in (b"BDAT 0\r\n", b"NOOP\r\n", b"RSET\r\n", b"VRFY x\r\n", b"MAIL FROM:<>\r\n"):
        with target.connect("inbound") as made:
            made.settimeout(20)
            with contextlib.suppress(OSError):
                made.sendall(begun + command * 250)
                time.sleep(0.2)
                made.sendall(command * count)
            got = read_all(made)
            cut.append(got.count(b"\r\n2") + got.count(b"\r\n5"))
    assert max(cut) < 300, cut
    with target.postlude.relay() as client:
        client.login(*target.login)
        client.docmd(f"MAIL FROM:<{target.login.user}>")
        client.docmd("RCPT TO:<parts@example.com>")
        sock = client.sock
        assert sock is not None
        for _ in range(count // 1_000):
            sock.sendall(b"BDAT 0\r\n" * 1_000)
            for _ in range(1_000):
                assert client.getreply()[0] == 250
        target.check_serves(5.0)
    return f"cut off after {max(cut)} replies; of a login {count:,} empty parts are taken, and all are served meanwhile"


@attempt("stranger", "a report about 200,000 recipients")
def long_report(target: Target) -> str:
    """From a recipient: withdrawals, bounces and results of everybody else are worked off behind it."""
    target.send_mail(to="reporter@example.com")
    head = (
        "From: MAILER-DAEMON@x.example\r\nSubject: Undelivered\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nx\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    )
    block = "Final-Recipient: rfc822; a{0}@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    reports = [
        head + "".join(map(block.format, range(200_000))),
        head + block.strip().format(0) + "\r\nDiagnostic-Code: smtp; " + "550 5.1.1 user " * 600_000,
    ]
    with contextlib.closing(target.mail_client("inbound")) as client:
        for report in reports:
            client.sendmail("", [target.return_path("reporter@")], report.encode())
    began = time.monotonic()
    target.check_serves()
    target.wait_until_digested()
    took = time.monotonic() - began
    assert took < 20, f"the digest is behind for {took:.0f} s"
    assert "a1@b.example" not in target.postlude.run("suppressions", "list").out
    return f"digested after {took:.1f} s"


@attempt("stranger", "numbers that are none")
def odd_numbers(target: Target) -> str:
    before, tried = target.log().count(b"Traceback"), 0
    recipient = target.return_path("bob1@")
    for endpoint in target.that_speak("smtp"):
        for number in ("²", "٣", "9" * 5_000, "-1", "0x1", "1e3", "", "\0"):
            for line in (f"MAIL FROM:<> SIZE={number}", f"BDAT {number}"):
                with target.connect(endpoint) as made, holding(made):
                    made.settimeout(5)
                    begun = f"MAIL FROM:<>\r\nRCPT TO:<{recipient}>\r\n" if line.startswith("BDAT") else ""
                    made.sendall(f"EHLO x\r\n{begun}{line}\r\nQUIT\r\n".encode())
                    got = read_all(made).splitlines()
                assert not [reply for reply in got if reply.startswith(b"4")], (endpoint, line[:40], got[-3:])
                tried += 1
    assert target.log().count(b"Traceback") == before
    return f"{tried} of them refused as what they are"


@attempt("user", "rights that end while a connection or a campaign goes on")
def ended_rights(target: Target) -> str:
    """A sender that is taken away, a password that is revoked, a user who is disabled."""
    run = target.postlude.run
    cookie = target.session_of("dina@b.example")
    assert run("user", "send-as", "dina@b.example", "shop@b.example").code == 0
    made = target.form("/campaigns", {"name": "Dina's"}, "/campaigns", cookie).headers["location"].partition("?")[0]
    draft = {"sender": "shop@b.example", "variant": "A", "A_subject": "x", "A_format": "html", "A_source": "<p>x</p>"}
    assert target.form(made, draft, made, cookie).status == 303
    password = json.loads(run("user", "password", "dina@b.example", "--json").out)["password"]
    with target.postlude.relay() as client:
        client.login("dina@b.example", password)
        as_shop, own = (b"From: shop@b.example\r\n\r\nx\r\n", b"From: dina@b.example\r\n\r\nx\r\n")
        client.sendmail("dina@b.example", ["ended1@example.com"], as_shop)
        assert run("user", "send-as", "dina@b.example").code == 0
        time.sleep(1.5)
        assert not _taken(client, "ended2@example.com", as_shop), "it goes on writing as who it may not"
        assert _taken(client, "ended3@example.com", own)
        answer = target.form(f"{made}/test", {"to": "ended4@example.com"}, made, cookie)
        assert answer.status == 400, "a test mail leaves in the name of who it may not write as"
        assert run("user", "disable", "dina@b.example").code == 0
        time.sleep(1.5)
        assert not _taken(client, "ended5@example.com", own), "a disabled user goes on sending"
    assert target.ask("web", "GET", "/preferences", headers={"Cookie": cookie}).status == 303
    assert not target.mails("ended2@") + target.mails("ended4@") + target.mails("ended5@")
    return "each ends within a second, on connections that were there before as well"


def _taken(client: smtplib.SMTP, to: str, raw: bytes) -> bool:
    try:
        client.sendmail("dina@b.example", [to], raw)
    except smtplib.SMTPException:
        return False
    return True
