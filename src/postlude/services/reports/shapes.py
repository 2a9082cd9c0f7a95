"""The public shapes of reports: what the command line prints as JSON and the web app shows. Fields are only added."""

import msgspec


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of sent messages."""

    message: int
    message_id: str
    subject: str
    sender: str
    created_at: int
    via: str
    opens_tracked: bool
    clicks_tracked: bool
    copies: int
    sent: int
    failed: int
    """Refused, given up, suppressed or bounced."""
    opened: int
    """Copies a person opened, as far as can be known: a click or a reply implies it."""
    clicked: int
    replied: int
    mark: str
    """`queued`, `sent`, `opened`, `failed` or `mixed` (some failed, some did not)."""
    last_open_at: int | None
    recipients: tuple[str, ...] = ()
    """The first few."""
    purpose: str = ""
    """`personal`, `transactional` or `mailing`."""


class CopyView(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one copy. Times are microseconds since the epoch, None for never."""

    copy: int
    recipient: str
    status: str
    delivered: str
    """`accepted` by the next server, `confirmed` by a report, `implied` by what a person did, or empty."""
    delivered_at: int | None
    opens: int
    """By people, directly or through an image proxy; at least 1 when a click or a reply implies one."""
    opens_unknown: int
    """By a person or a machine, e.g. Apple Mail Privacy Protection."""
    opens_machine: int
    first_open_at: int | None
    last_open_at: int | None
    clicks: int
    clicks_machine: int
    replied_at: int | None
    unsubscribed_at: int | None
    complained_at: int | None
    bounced_at: int | None
    bounce_reason: str
    code: int
    text: str
    open_implied: bool = False
    """True when no open was recorded but a click or a reply implies one."""
    clicks_unknown: int = 0
    enhanced: str = ""
    server: str = ""
    """Which server gave `code` and `text`."""
    attempts: int = 0
    next_attempt_at: int | None = None
    """Next attempt of a copy that was deferred, by a server or by our own limit."""
    autoresponded_at: int | None = None
    displayed_at: int | None = None
    first_click_at: int | None = None
    last_click_at: int | None = None


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a message."""

    position: int
    url: str
    label: str
    tracked: bool
    reason: str
    clicks: int
    clicks_machine: int
    clicks_unknown: int = 0
    last_at: int | None = None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message with all its copies and links."""

    message: int
    message_id: str
    subject: str
    sender: str
    created_at: int
    via: str
    opens_tracked: bool
    clicks_tracked: bool
    copies: tuple[CopyView, ...]
    links: tuple[LinkView, ...]
    user: int = 0
    size: int = 0
    untracked: str = ""
    purpose: str = ""
    """`personal`, `transactional` or `mailing`: says what an unsubscribe ends."""


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event, as people read it."""

    at: int
    kind: str
    recipient: str
    copy: int
    position: int
    verdict: str
    reasons: tuple[str, ...]
    summary: str
    """One English sentence."""
    facts: dict[str, str]
    sure: str = ""
    """How far the verdict is to be believed: `certain`, `very likely`, `likely` or `a hint`; else empty."""
    why: str = ""
    """Why the verdict is what it is, in words: the rule that decided and what it counted."""
    who: str = ""
    """The verdict in words: `a person`, `probably a machine` ...; empty where nothing is judged."""
    correction: str = ""
    """That it was taken for another's first, and why it is not any more, in a sentence; empty where it was not."""
    first_verdict: str = ""
    """The verdict it had first, where it was corrected."""
    cause: str = ""
    """Why it was corrected: `later-hits`, `late-facts` or `reclassify`."""


class JudgedLine(msgspec.Struct, frozen=True, kw_only=True):
    """Opens or clicks that were judged alike: who they are by, how sure that is, and why."""

    kind: str
    """`opened` or `clicked`."""
    verdict: str
    who: str
    """The verdict in words: `a person`, `probably a machine` ..."""
    sure: str
    why: str
    rule: str
    """Id of the rule that decided; empty where none did."""
    count: int
