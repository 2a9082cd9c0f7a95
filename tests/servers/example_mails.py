"""Messages the tests send: written by Alice, with links, as a mail client writes them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

LINKS = ("https://shop.example/price-list?item=7&size=large", "https://shop.example/terms#delivery")
HTML = (
    "<!doctype html><html><head><title>Offer</title></head><body><h1>Our offer</h1>\n"
    "<p>Dear customer, here is the <a id='first' href='{0}'>price list</a> and the "
    "<a id='second' href='{1}'>terms</a>.</p>\n</body></html>\n"
)
WRITTEN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def offer(
    sender: str,
    to: Sequence[str],
    *,
    cc: Sequence[str] = (),
    subject: str = "Our offer",
    links: Sequence[str] = LINKS,
) -> EmailMessage:
    """A message with a text and an HTML part and two links."""
    message = EmailMessage()
    message["From"] = f"Alice <{sender}>"
    message["To"] = ", ".join(to)
    if cc:
        message["Cc"] = ", ".join(cc)
    message["Subject"] = subject
    message["Date"] = format_datetime(WRITTEN)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content(f"Our offer: {links[0]}\nTerms: {links[1]}\n")
    message.add_alternative(HTML.format(*links), subtype="html")
    return message


def html_of(message: EmailMessage) -> str:
    """The HTML part as a mail reader shows it."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())
