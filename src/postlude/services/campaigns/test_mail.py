"""A test mail to ourselves: as recipients would see it, but nothing in it is live."""

from collections.abc import Sequence
from typing import Final

from postlude.compose.header import mailboxes, unstructured
from postlude.model.errors import InputError
from postlude.services.campaigns.content import Contents
from postlude.services.campaigns.preview import preview_sample
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Contact

_MOST: Final = 20
_OFF: Final = (
    b"X-Postlude-Opens: off\r\nX-Postlude-Clicks: off\r\nX-Postlude-Text: off\r\nX-Postlude-Unsubscribe: off\r\n"
    b"X-Postlude-View: off\r\nX-Postlude-Purpose: personal\r\n"
)


def compose_test_mail(
    contents: Contents, campaign: Campaign, variant: Variant, contact: Contact | None, recipients: Sequence[str]
) -> bytes:
    """A message to `recipients` with `contact`'s fields; it is sent as a single mail that is not tracked."""
    if not recipients or len(recipients) > _MOST:
        raise InputError(f"a test goes to 1 to {_MOST} addresses, not {len(recipients)}")
    contents.check_owner(campaign)
    made = preview_sample(contents, campaign, variant, contact)
    head, _, body = made.message.partition(b"\r\n\r\n")
    kept = _without_subject(head)
    marked = unstructured("Subject", f"[Test {variant.name}] {made.subject}")
    return _OFF + mailboxes("To", ", ".join(recipients)) + marked + kept + b"\r\n" + body


def _without_subject(head: bytes) -> bytes:
    """The head's fields without Subject, each with its line end."""
    kept: list[bytes] = []
    dropping = False
    for line in head.split(b"\r\n"):
        if line[:1] not in b" \t":
            dropping = line.lower().startswith(b"subject:")
        if not dropping and line:
            kept.append(line + b"\r\n")
    return b"".join(kept)
