"""Report of instrumenting a message."""

import msgspec

from postlude.instrument.reasons import LinkReason, PartReason


class LinkReport(msgspec.Struct, frozen=True, gc=False):
    """One link; the composer's list shows exactly these."""

    position: int
    """Independent of the policy, and shared by an Outlook twin."""
    url: str
    label: str
    """Visible text, or an image's alternative text; at most 200 characters."""
    tracked: bool
    reason: LinkReason = LinkReason.NONE
    where: str = "html"
    """html, outlook, amp or text."""


class PartReport(msgspec.Struct, frozen=True, gc=False):
    """A part that was left as it was, though it might have held links."""

    path: str
    """Like an IMAP section: `1.2`; empty for the whole message."""
    content_type: str
    reason: PartReason


class Instrumented(msgspec.Struct, frozen=True):
    """A message for one recipient."""

    message: bytes
    links: tuple[LinkReport, ...]
    skipped_parts: tuple[PartReport, ...]
    opens: bool
    """There is a pixel in it."""
    changed: bool
