"""`postlude privacy forget` while everything runs: afterwards no byte of the data folder names who was forgotten."""

import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest

from postlude.app.build.common import build_parts
from postlude.config import Settings
from postlude.mail.bodies import read_bodies
from postlude.tokens import TagPurpose
from servers.postlude import Postlude
from servers.sink import Sink
from servers.waiting import LOOPBACK, wait_for

NAME, SECRET = "Quillfeather", "broken-leg-4711"
BOB = "robert.quill@customer.test"


def mail(sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, f"{NAME} <{BOB}>", f"For {NAME}"
    message.set_content(f"<p>Dear {NAME}, <a href='https://shop.example/a'>look</a>", subtype="html")
    return message


def naming(folder: Path, *needles: str) -> dict[str, list[str]]:
    """Files in which a needle stands."""
    found: dict[str, list[str]] = {}
    for path in (path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes().lower()
        if there := [needle for needle in needles if needle.lower().encode() in data]:
            found[str(path.relative_to(folder))] = there
    return found


@pytest.mark.timeout(180)
def test_no_byte_names_who_was_forgotten_while_everything_runs(tmp_path: Path) -> None:
    with Sink() as sink:
        postlude = Postlude(
            tmp_path, smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none", return_domain="r.example.org"
        )
        try:
            postlude.start()
            user = postlude.login().user
            postlude.submit(user, [BOB], mail(user))
            delivery = wait_for("the mail", lambda: sink.deliveries, 60)[0]
            reply = f"From: {NAME} <{BOB}>\r\nTo: {user}\r\nSubject: Re: For {NAME}\r\n\r\nYes, {NAME} {SECRET}\r\n"
            answer(postlude, reply_tag(postlude, delivery.data), reply)
            wait_for("the reply", lambda: "replied" in str(postlude.timeline(BOB)), 60, 0.5)
            assert any("inbound" in name for name in naming(postlude.data, BOB))  # it was there
            done = postlude.run("privacy", "forget", BOB, "--yes")
            assert done.code == 0, done
            assert "did not answer" not in done.out
            assert naming(postlude.data, BOB, NAME, SECRET) == {}
            other = "carol@customer.test"
            postlude.submit(user, [other], mail(user))  # everybody goes on in the new files
            wait_for("the next mail", lambda: [one for one in sink.deliveries if other in one.rcpt_tos], 60)
        finally:
            postlude.close()


def reply_tag(postlude: Postlude, raw: bytes) -> str:
    """Where answers to this copy go, also without a Reply-To in it."""
    codec = build_parts(Settings(data=postlude.data), must_write=False).codec
    pixel = re.search(r"/i/([\w-]{36})\.gif", read_bodies(raw).html or "")
    assert pixel
    ref = codec.read_read(pixel[1])
    assert ref
    return f"r+{codec.mint_tag(TagPurpose.REPLY, ref.copy)}@r.example.org"


def answer(postlude: Postlude, tag: str, raw: str) -> None:
    """A mail from outside to an address of ours."""

    with smtplib.SMTP(LOOPBACK, postlude.ports["inbound"], timeout=15) as client:
        client.sendmail(BOB, [tag], raw.encode())
