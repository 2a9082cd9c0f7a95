"""Where the server can be made to go: link checks, certificates of calls, pictures and style sheets of a mail."""

import contextlib
import json
import smtplib
import socket
import threading
from collections.abc import Iterator
from typing import Final

from attacks.attempts import attempt
from attacks.target import Target

_NAMES: Final = (
    "127.0.0.1", "localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "0",
    "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[0:0:0:0:0:0:0:1]",
    "localhost.", "LOCALHOST", "127.0.0.1.", "user@127.0.0.1", "shop.example@127.0.0.1", "①②⑦.⓪.⓪.①",
    "127。0。0。1", "127.0.0.1%00.shop.example", "127.0.0.2", "[fe80::1%25lo]",
)  # fmt: skip


class Trap:
    """A port that says who connected, and answers like a shell."""

    def __init__(self) -> None:
        self.listening: Final = socket.create_server(("127.0.0.1", 0))
        self.port: Final = int(self.listening.getsockname()[1])
        self.caught = 0

    def run(self) -> None:
        """Until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                made, _ = self.listening.accept()
                self.caught += 1
                with made, contextlib.suppress(OSError):
                    made.sendall(b"SSH-2.0-OpenSSH\r\n")


@contextlib.contextmanager
def trap() -> Iterator[Trap]:
    """Closed afterwards."""
    made = Trap()
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.listening.shutdown(socket.SHUT_RDWR)
        made.listening.close()
        thread.join()


@attempt("user", "links of a campaign that lead the check into the network (SSRF)")
def link_check(target: Target) -> str:
    with trap() as caught:
        links = [f"http://{name}:{caught.port}/secret" for name in _NAMES]
        links += [f"https://{name}:{caught.port}/" for name in _NAMES[:3]]
        links += [f"http://127.0.0.1:{port}/" for port in target.postlude.ports.values()]
        made = target.form("/campaigns", {"name": "Reach"}, "/campaigns").headers["location"].partition("?")[0]
        html = "".join(f'<a href="{link}">x</a>' for link in links) + '<a href="{{ unsubscribe_url }}">u</a>'
        draft = {"sender": target.login.user, "variant": "A", "A_subject": "x", "A_format": "html", "A_source": html}
        assert target.form(made, draft, made).status == 303
        done = target.postlude.run("campaigns", "check", made.rpartition("/")[2], "--fetch")
        assert "Traceback" not in done.err + done.out, done
        assert "cannot be reached" in done.out, done
        assert not caught.caught, f"{caught.caught} connections"
    return f"{len(links)} links; none was asked"


@attempt("stranger", "calls that name a certificate of their own (SNS)")
def certificates(target: Target) -> str:
    """With the real address of the hook: it is known to whoever reads a provider's settings."""
    key = target.codec.mint_hook("ses")
    with trap() as caught:
        here = f"127.0.0.1:{caught.port}"
        urls = [
            f"http://{here}/SimpleNotificationService-0.pem",
            f"https://{here}/SimpleNotificationService-0.pem",
            f"https://sns.eu-west-1.amazonaws.com@{here}/SimpleNotificationService-0.pem",
            f"https://sns.eu-west-1.amazonaws.com:x@{here}/SimpleNotificationService-0.pem",
            f"https://{here}#sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            f"https://{here}\\@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            f"https://{here}/https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
            "https://evil.example/SimpleNotificationService-0.pem",
            "https://snsxeu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
            "https://sns.eu-west-1.amazonaws.com/../evil/SimpleNotificationService-0.pem",
            "file:///etc/passwd",
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem\r\nHost: evil.example",
        ]
        bounce = {
            "notificationType": "Bounce",
            "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "bob1@example.com"}]},
            "mail": {"source": target.return_path("bob1@"), "destination": ["bob1@example.com"]},
        }
        for url in urls:
            for kind in ("Notification", "SubscriptionConfirmation"):
                call = {
                    "Type": kind, "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:1:x", "Signature": "AAAA",
                    "Message": json.dumps(bounce), "Timestamp": "2026-01-01T00:00:00Z", "SignatureVersion": "1",
                    "SigningCertURL": url, "SubscribeURL": f"http://{here}/confirm", "Token": "x",
                }  # fmt: skip
                target.ask("edge", "POST", f"/h/ses/{key}", json.dumps(call).encode())
        target.send_mail()  # what came before is worked off
        assert not caught.caught, f"{caught.caught} connections"
    assert "bob1@example.com" not in target.postlude.run("suppressions", "list").out
    return f"{len(urls)} addresses of certificates: none was fetched, nobody is suppressed"


@attempt("login", "mail that makes the server fetch (pictures, style sheets, external bodies)")
def fetched_parts(target: Target) -> str:
    with trap() as caught:
        here = f"http://127.0.0.1:{caught.port}"
        html = (
            f'<link rel="stylesheet" href="{here}/a.css"><style>@import url({here}/b.css);'
            f"p{{background:url({here}/c.png)}}</style><img src='{here}/d.png'><base href='{here}/'>"
            f'<iframe src="{here}/e"></iframe><object data="{here}/f"></object><svg><image href="{here}/g"/></svg>'
        )
        target.send_mail(html)
        external = (
            f"From: {target.login.user}\r\nSubject: x\r\nContent-Type: message/external-body; access-type=URL; "
            f'URL="{here}/h"\r\n\r\nContent-Type: text/plain\r\n\r\n'
        )
        with target.postlude.relay() as client, contextlib.suppress(smtplib.SMTPException):
            client.login(*target.login)
            client.sendmail(target.login.user, ["external@example.com"], external.encode())
        made = target.form("/campaigns", {"name": "Fetch"}, "/campaigns").headers["location"].partition("?")[0]
        draft = {"sender": target.login.user, "variant": "A", "A_subject": "x", "A_format": "html", "A_source": html}
        assert target.form(f"{made}/preview", draft, made).status == 200
        target.send_mail()
        assert not caught.caught, f"{caught.caught} connections"
    return "neither sending nor a preview fetches what a mail names"
