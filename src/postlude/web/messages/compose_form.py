"""The input of the compose page as a message. Pure: form in, bytes out."""

import html
import re
from collections import Counter
from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, NamedTuple

from postlude.compose.header import addressed, unstructured
from postlude.instrument import LinkReport
from postlude.kit.clock import to_datetime
from postlude.mail.mailboxes import read_mailboxes
from postlude.mail.purpose import PURPOSE_FIELD, read_purpose
from postlude.model.address import AddressError, Mailbox
from postlude.model.errors import InputError
from postlude.model.words import MessagePurpose

_URL: Final = re.compile(r"""\[([^\]\n]+)\]\((https?://[^\s()]+)\)|(https?://[^\s<>"]*[^\s<>".,;:!?')\]])""")


class ComposeForm(NamedTuple):
    """The form's fields as they were typed."""

    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    form: str = "text"
    """`text`: paragraphs that become a text and an HTML part; `html`: the body is HTML."""
    body: str = ""
    purpose: str = ""
    """A `MessagePurpose`; empty: personal."""


def addresses(field: str, value: str) -> list[Mailbox]:
    """The mailboxes of one field, as they were typed and in that order; InputError names the wrong one."""
    try:
        return read_mailboxes(value) if value.strip(" \t\r\n,;") else []
    except AddressError as error:
        raise InputError(f"{field}: {error.reason}; {error.remedy}") from error


def message(draft: ComposeForm, now: int, switches: Iterable[tuple[str, str]] = ()) -> tuple[bytes, list[str]]:
    """The message's bytes and its envelope recipients. Bcc is in the envelope only."""
    to, cc, bcc = (addresses(*pair) for pair in (("To", draft.to), ("Cc", draft.cc), ("Bcc", draft.bcc)))
    recipients = list(dict.fromkeys(box.spelled for box in (*to, *cc, *bcc)))
    if not recipients:
        raise InputError("To: name at least one recipient")
    return _bytes(draft, to, cc, now, switches), recipients


def sketch(draft: ComposeForm) -> bytes:
    """The message as far as it is typed, to look for links in."""
    return _bytes(draft._replace(subject="", sender="a@example.com"), [], [], 0, ())


def link_keys(links: Iterable[LinkReport]) -> dict[str, LinkReport]:
    """Links by a name that survives typing elsewhere in the text: which occurrence of which URL."""
    seen: Counter[str] = Counter()
    keys = {}
    for link in links:
        seen[link.url] += 1
        keys[f"{seen[link.url]}:{link.url}"] = link
    return keys


def as_html(text: str) -> str:
    """Paragraphs and links of plain text; `[words](https://...)` is a link with words."""
    blocks = [block for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip("\n")) if block.strip()]
    paragraphs = "\n".join(f"<p>{_linked(block).replace(chr(10), '<br>' + chr(10))}</p>" for block in blocks)
    return f"<!doctype html>\n<html><body>\n{paragraphs}\n</body></html>\n"


def _bytes(
    draft: ComposeForm, to: list[Mailbox], cc: list[Mailbox], now: int, switches: Iterable[tuple[str, str]]
) -> bytes:
    mail = EmailMessage(policy=SMTP)
    head = b"".join(
        addressed(name, *((box.name, box.spelled) for box in boxes))
        for name, boxes in (("From", [Mailbox(draft.sender)]), ("To", to), ("Cc", cc))
        if boxes
    ) + unstructured("Subject", draft.subject)
    mail["Date"] = format_datetime(to_datetime(now))
    mail[PURPOSE_FIELD] = read_purpose(draft.purpose or MessagePurpose.PERSONAL).value
    for name, switch in switches:
        mail[name] = switch
    if draft.form == "html":
        mail.set_content(draft.body.replace("\r\n", "\n"), subtype="html", cte="quoted-printable")
    else:
        plain = _URL.sub(lambda m: f"{m[1]} <{m[2]}>" if m[1] else m[0], draft.body.replace("\r\n", "\n"))
        mail.set_content(plain)
        mail.add_alternative(as_html(draft.body), subtype="html", cte="quoted-printable")
    return head + mail.as_bytes()


def _linked(text: str) -> str:
    shown, at = "", 0
    for match in _URL.finditer(text):
        url, label = match[2] or match[3], match[1] or match[3]
        shown += f'{html.escape(text[at : match.start()])}<a href="{html.escape(url)}">{html.escape(label)}</a>'
        at = match.end()
    return shown + html.escape(text[at:])
