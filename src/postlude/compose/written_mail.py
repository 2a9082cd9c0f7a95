"""A single message from its parts: bytes that are the same whenever it is made again."""

import re
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, NamedTuple

from postlude.compose.header import addressed, plain_field, unstructured
from postlude.kit.clock import to_datetime
from postlude.kit.ids import id_text
from postlude.model.address import Mailbox
from postlude.model.errors import InputError

_OWN: Final = frozenset(
    {
        "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version", "received",
        "return-path", "dkim-signature",
    }
)  # fmt: skip
"""Fields that the parts of a mail, or this server, write."""
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*", re.IGNORECASE)
_CONTENT_ID: Final = re.compile(r"[!-;=?-~]{1,200}")


class WrittenFile(NamedTuple):
    """A file of a mail."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""
    """As the HTML names it (`cid:logo`); empty: an attachment."""


class WrittenMail(NamedTuple):
    """What a program wrote, part by part."""

    sender: Mailbox
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    reply_to: Sequence[Mailbox] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    files: Sequence[WrittenFile] = ()
    headers: Mapping[str, str] = {}


def written_mail(mail: WrittenMail, message: int, at: int) -> bytes:
    """The message's bytes; InputError for a part that cannot stand in a mail. `message` and `at` make no two alike."""
    boxes = (("From", [mail.sender]), ("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to))
    head = b"".join(addressed(name, *((box.name, box.spelled) for box in some)) for name, some in boxes if some)
    head += unstructured("Subject", mail.subject)
    head += b"".join(_own_field(name, value) for name, value in mail.headers.items())
    made = EmailMessage(policy=SMTP)
    made["Date"] = format_datetime(to_datetime(at))
    _fill(made, mail)
    multiparts = [part for part in made.walk() if part.is_multipart()]
    for number, part in enumerate(multiparts):
        part.set_boundary(f"=_{id_text(message)}_{number}")
    return head + made.as_bytes()


def _own_field(name: str, value: str) -> bytes:
    if name.lower() in _OWN or name.lower().startswith(("content-", "resent-")):
        raise InputError(f"headers: {name} is written by Postlude; use the field of that name, or leave it out")
    return plain_field(name, value)


def _fill(made: EmailMessage, mail: WrittenMail) -> None:
    text, html = mail.text.replace("\r\n", "\n"), mail.html.replace("\r\n", "\n")
    if not text and not html:
        raise InputError("the mail is empty: give text, html or both")
    if text:
        made.set_content(text)
    if html and text:
        made.add_alternative(html, subtype="html", cte="quoted-printable")
    elif html:
        made.set_content(html, subtype="html", cte="quoted-printable")
    body = made.get_body(("html",))
    for file in sorted(mail.files, key=lambda file: not file.content_id):  # pictures go beside the HTML, inside
        maintype, _, subtype = _checked(file).content_type.partition("/")
        if file.content_id:
            if not isinstance(body, EmailMessage):
                raise InputError(f"attachments: {file.name} has a content_id, and there is no html that could show it")
            body.add_related(
                file.content, maintype, subtype, cid=f"<{file.content_id}>", filename=file.name, disposition="inline"
            )
        else:
            made.add_attachment(file.content, maintype, subtype, filename=file.name)


def _checked(file: WrittenFile) -> WrittenFile:
    if "=?" in file.name + file.content_id:  # the library would decode it, line ends too
        raise InputError(f"attachments: {file.name}: write a name as it is read, not as an encoded word (=?...?=)")
    if not file.name.strip() or any(ord(sign) < ord(" ") for sign in file.name):
        raise InputError("attachments: a file needs a name, without control characters")
    if not _TYPE.fullmatch(file.content_type) or file.content_type.lower().startswith(("multipart/", "message/")):
        raise InputError(f"attachments: {file.name}: {file.content_type!r} is not a type such as application/pdf")
    if file.content_id and not _CONTENT_ID.fullmatch(file.content_id):
        raise InputError(f"attachments: {file.name}: a content_id has 1 to 200 characters, no blanks, < or >")
    return file
