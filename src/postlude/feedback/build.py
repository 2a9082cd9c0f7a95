"""Builds bounces, complaints and replies as real servers write them: for the sandbox, tests and trials.

Deterministic: the same arguments give the same bytes.
"""

import html
import re
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import blake2b
from typing import Final

from postlude.feedback.addresses import compared_address
from postlude.feedback.mime import ReturnedPart, read
from postlude.kit.clock import MICROS_PER_SECOND

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_UNSAFE: Final = re.compile(r"[\r\n\0]+")
_BODY: Final = re.compile(r"(?is)<body[^>]*>(.*)</body>")


def build_bounce(
    original: bytes,
    *,
    recipient: str,
    reporting_mta: str,
    status: str,
    diagnostic: str,
    at: int,
    to: str = "",
    envid: str = "",
) -> bytes:
    """A delivery status notification (RFC 3464) with the whole original in it.

    `status` is an enhanced code: `4...` for delayed, `2...` for delivered, else failed. `to` is its recipient (the
    envelope sender); without it the original's Return-Path or From.
    """
    mail = read(original)
    action = {"2": "delivered", "4": "delayed"}.get(status[:1], "failed")
    subject = {
        "failed": "Undelivered Mail Returned to Sender",
        "delayed": "Delayed Mail (still being retried)",
        "delivered": "Successful Mail Delivery Report",
    }[action]
    reported = {
        "failed": "could not be delivered. It's attached below.",
        "delayed": "has not been delivered yet. It will be retried; you do not need to send it again.",
        "delivered": "was successfully delivered.",
    }[action]
    text = (
        f"This is the mail system at host {reporting_mta}.\n\nYour message to the following address {reported}\n\n"
        f"<{recipient}>: {diagnostic}\n"
    )
    report = _fields(
        ("Reporting-MTA", f"dns; {reporting_mta}"),
        ("Original-Envelope-Id", envid),
        ("Arrival-Date", _one_line(mail.get("date")) or _date(at)),
        ("", ""),
        ("Final-Recipient", f"rfc822; {recipient}"),
        ("Original-Recipient", f"rfc822;{recipient}"),
        ("Action", action),
        ("Status", status),
        ("Diagnostic-Code", f"smtp; {diagnostic}" if diagnostic else ""),
        ("Last-Attempt-Date", _date(at)),
    )
    head = [
        ("From", f"Mail Delivery System <MAILER-DAEMON@{reporting_mta}>"),
        ("To", to or _return_path(mail)),
        ("Subject", subject),
        ("Auto-Submitted", "auto-replied"),
    ]
    return _report(head, "delivery-status", text, report, original, at=at)


def build_complaint(
    original: bytes, *, recipient: str, reporting: str, at: int, to: str = "", redact: bool = False
) -> bytes:
    """A spam complaint (ARF, RFC 5965) by the provider `reporting`; `redact` hides the recipient as some do."""
    mail = read(original)
    shown = f"redacted@{recipient.rpartition('@')[2]}" if redact else recipient
    report = _fields(
        ("Feedback-Type", "abuse"),
        ("User-Agent", "Postlude-Sandbox/1.0"),
        ("Version", "1"),
        ("Original-Mail-From", f"<{compared_address(_return_path(mail))}>"),
        ("Original-Rcpt-To", f"<{shown}>"),
        ("Arrival-Date", _one_line(mail.get("date")) or _date(at)),
        ("Reporting-MTA", f"dns; {reporting}"),
        ("Reported-Domain", compared_address(mail.get("from")).rpartition("@")[2]),
    )
    text = f"This is an email abuse report for a message received from you on {_date(at)}.\n"
    head = [
        ("From", f"<feedback@{reporting}>"),
        ("To", to or _return_path(mail)),
        ("Subject", f"FW: {_one_line(mail.get('subject'))}"),
    ]
    body = original if not redact else original.replace(recipient.encode(), shown.encode())
    return _report(head, "feedback-report", text, report, body, at=at)


def build_displayed(original: bytes, *, recipient: str, at: int, to: str = "") -> bytes:
    """A read receipt (MDN, RFC 8098) that a person agreed to send."""
    mail = read(original)
    report = _fields(
        ("Reporting-UA", "Postlude sandbox"),
        ("Final-Recipient", f"rfc822;{recipient}"),
        ("Original-Message-ID", _one_line(mail.get("message-id"))),
        ("Disposition", "manual-action/MDN-sent-manually; displayed"),
    )
    subject = _one_line(mail.get("subject"))
    text = f"Your message\n\n    Subject: {subject}\n\nwas displayed on {_date(at)}.\n"
    asked = _one_line(mail.get("disposition-notification-to")) or _answer_to(mail)
    head = [("From", f"<{recipient}>"), ("To", to or asked), ("Subject", f"Read: {subject}")]
    return _report(head, "disposition-notification", text, report, b"", at=at)


def build_reply(original: bytes, *, sender: str, text: str, at: int, to: str = "") -> bytes:
    """A person's answer above the quoted original, as text and HTML, threaded; `sender` answers."""
    mail = read(original)
    author = compared_address(mail.get("from"))
    line = f"On {_one_line(mail.get('date')) or _date(at)}, {author} wrote:"
    plain, rich = _bodies(mail)
    quoted = "\n".join(f"> {row}" if row else ">" for row in plain.rstrip().split("\n"))
    as_text = f"{text.rstrip()}\n\n{line}\n{quoted}\n"
    as_html = (
        f'<html><body><div>{_as_html(text)}</div><br><div class="gmail_quote"><div class="gmail_attr">'
        f'{html.escape(line)}</div><blockquote type="cite">{rich or _as_html(plain)}</blockquote></div></body></html>\n'
    )
    head = [*_answer_head(mail, sender, to or _answer_to(mail), "Re"), *_thread(mail)]
    return _alternative(head, as_text, as_html, at)


def build_autoreply(original: bytes, *, sender: str, text: str, at: int, to: str = "") -> bytes:
    """A vacation message as Sieve writes it (RFC 5230, RFC 3834)."""
    mail = read(original)
    head = [
        *_answer_head(mail, sender, to or _return_path(mail), "Auto"),
        *_thread(mail),
        ("Auto-Submitted", "auto-replied (vacation)"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
    ]
    seed = original + text.encode() + sender.encode()
    top = _head(head, at, seed)
    return top + _text_part("plain", text.rstrip() + "\n")


def build_unsubscribe(*, sender: str, to: str, at: int, subject: str = "unsubscribe") -> bytes:
    """The mail a client sends to a mailto List-Unsubscribe address; Apple Mail marks it auto-replied."""
    head = [("From", f"<{sender}>"), ("To", f"<{to}>"), ("Subject", subject), ("Auto-Submitted", "auto-replied")]
    return _head(head, at, to.encode()) + _text_part("plain", "\n")


def _answer_head(mail: ReturnedPart, sender: str, to: str, prefix: str) -> list[tuple[str, str]]:
    subject = _one_line(mail.get("subject"))
    if not subject.lower().startswith(f"{prefix.lower()}:"):
        subject = f"{prefix}: {subject}"
    return [("From", f"<{sender}>"), ("To", to), ("Subject", subject)]


def _thread(mail: ReturnedPart) -> list[tuple[str, str]]:
    own = _one_line(mail.get("message-id"))
    before = _one_line(mail.get("references"))
    return [("In-Reply-To", own), ("References", f"{before} {own}".strip())]


def _answer_to(mail: ReturnedPart) -> str:
    return _one_line(mail.get("reply-to")) or _one_line(mail.get("from"))


def _return_path(mail: ReturnedPart) -> str:
    path = compared_address(mail.get("return-path"))
    return f"<{path}>" if path else _one_line(mail.get("from"))


def _bodies(mail: ReturnedPart) -> tuple[str, str]:
    """The first text and the first HTML of a mail; HTML without its frame."""
    plain = rich = ""
    for part in mail.walk():
        if part.type == "text/plain" and not plain and not part.parts:
            plain = part.text()
        elif part.type == "text/html" and not rich:
            rich = part.text()
    inner = _BODY.search(rich)
    return plain or re.sub(r"(?s)<[^>]*>", "", rich), inner[1] if inner else rich


def _as_html(text: str) -> str:
    return html.escape(text.rstrip()).replace("\n", "<br>\n")


def _date(at: int) -> str:
    return format_datetime(datetime.fromtimestamp(at / MICROS_PER_SECOND, UTC))


def _one_line(value: str) -> str:
    return _UNSAFE.sub(" ", value).strip()


def _fields(*rows: tuple[str, str]) -> bytes:
    """Report fields; empty ones are left out, an empty name is the blank line between blocks."""
    lines = [f"{name}: {_one_line(value)}" if name else "" for name, value in rows if value or not name]
    return ("\n".join(lines) + "\n").encode("ascii", "backslashreplace")


def _digest(*parts: bytes) -> str:
    return blake2b(b"\0".join(parts), digest_size=12).hexdigest()


def _head(rows: list[tuple[str, str]], at: int, seed: bytes) -> bytes:
    host = compared_address(dict(rows)["From"]).rpartition("@")[2] or "localhost"
    message_id = f"<{_digest(seed, str(at).encode())}@{host}>"
    lines = []
    for name, value in [*rows, ("Date", _date(at)), ("Message-ID", message_id), ("MIME-Version", "1.0")]:
        if not (text := _one_line(value)):
            continue
        shown = text if text.isascii() else Header(text, "utf-8", header_name=name).encode(linesep="\r\n")
        lines.append(f"{name}: {shown}\r\n")
    return "".join(lines).encode("ascii", "replace")


def _text_part(subtype: str, text: str) -> bytes:
    body = _crlf(text.encode())
    encoding = "7bit" if body.isascii() else "8bit"
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _crlf(data: bytes) -> bytes:
    return _LINE_END.sub(b"\r\n", data)


def _alternative(head: list[tuple[str, str]], plain: str, rich: str, at: int) -> bytes:
    boundary = "reply-" + _digest(plain.encode(), rich.encode())
    top = _head(head, at, plain.encode())
    kind = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    return top + kind.encode() + _joined(boundary, [_text_part("plain", plain), _text_part("html", rich)])


def _report(head: list[tuple[str, str]], kind: str, text: str, report: bytes, original: bytes, *, at: int) -> bytes:
    boundary = f"{kind}-" + _digest(original, report)
    top = _head(head, at, original + report)
    declared = f'Content-Type: multipart/report; report-type={kind}; boundary="{boundary}"\r\n\r\n'
    parts = [_text_part("plain", text), f"Content-Type: message/{kind}\r\n\r\n".encode() + _crlf(report)]
    if original:
        encoding = "7bit" if original.isascii() else "8bit"
        returned = f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        parts.append(returned.encode() + _crlf(original))
    return top + declared.encode() + _joined(boundary, parts)


def _joined(boundary: str, parts: list[bytes]) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
