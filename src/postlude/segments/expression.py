"""The tree of a segment's expression: what is stored, asked of the database and shown."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from postlude.model.words import Consent, EngagementState, MemberStatus, Purpose

Action = Literal[
    "sent",
    "delivered",
    "opens_tracked",
    "clicks_tracked",
    "opened",
    "clicked",
    "replied",
    "autoresponded",
    "bounced",
    "complained",
    "unsubscribed",
]
"""What a copy's events say, by the events' names (model.words.EventKind); and what could be seen of it."""
Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "starts", "ends"]
LARGEST_COUNT: Final = 1_000_000
LARGEST_SCORE: Final = 100


class Reference(msgspec.Struct, frozen=True):
    """A list, tag or campaign: by what people call it while it is read, by its id when it is kept."""

    name: str = ""
    id: int = 0


class Everyone(msgspec.Struct, frozen=True, tag="everyone"):
    """Every contact."""


class AllOf(msgspec.Struct, frozen=True, tag="and"):
    """Contacts of all parts."""

    parts: tuple["Expression", ...]


class AnyOf(msgspec.Struct, frozen=True, tag="or"):
    """Contacts of at least one part."""

    parts: tuple["Expression", ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """Contacts that are not of the part."""

    part: "Expression"


class OnList(msgspec.Struct, frozen=True, tag="list"):
    """Contacts on a list, with this status there."""

    list: Reference
    status: MemberStatus = MemberStatus.SUBSCRIBED


class Tagged(msgspec.Struct, frozen=True, tag="tag"):
    """Contacts with a tag."""

    tag: Reference


class InSegment(msgspec.Struct, frozen=True, tag="segment"):
    """Contacts of a saved segment."""

    segment: Reference


class HasConsent(msgspec.Struct, frozen=True, tag="consent"):
    """Contacts whose consent to a purpose has a state."""

    purpose: Purpose
    state: Consent


class IsSuppressed(msgspec.Struct, frozen=True, tag="suppressed"):
    """Contacts whose address must not be mailed."""

    reason: str = ""
    """Of the suppression; empty: any."""


class InState(msgspec.Struct, frozen=True, tag="state"):
    """Contacts of whom this is to be made."""

    state: EngagementState


class ScoreIs(msgspec.Struct, frozen=True, tag="score"):
    """Contacts whose score compares so; never those without one."""

    is_: Literal["=", "!=", "<", "<=", ">", ">="] = msgspec.field(name="is")
    value: int


class FieldIs(msgspec.Struct, frozen=True, tag="field"):
    """Contacts whose field compares so with a value."""

    name: str
    is_: Comparison = msgspec.field(name="is")
    value: str | float
    """A number compares as a number and only with values that are one; a text as text, upper and lower case differ."""
    custom: bool = False
    """A field that files and users brought, instead of one that every contact has."""


class FieldIn(msgspec.Struct, frozen=True, tag="in"):
    """Contacts whose field has one of the values."""

    name: str
    values: tuple[str, ...]
    custom: bool = False


class FieldEmpty(msgspec.Struct, frozen=True, tag="empty"):
    """Contacts of whom the field is not known."""

    name: str
    custom: bool = False


class Added(msgspec.Struct, frozen=True, tag="added"):
    """Contacts that were added in a time."""

    since: str = ""
    before: str = ""
    within: str = ""


class Did(msgspec.Struct, frozen=True, tag="did"):
    """Contacts whose mail met this fate: people's doing only, machines' opens and clicks do not count."""

    action: Action
    least: int = 1
    """How often at least, over all mails that fit: openings and clicks one by one, everything else once a mail."""
    campaign: Reference | None = None
    subject: str = ""
    """A part of the mail's subject."""
    topic: str = ""
    """What the mail is about, in any case."""
    link: str = ""
    """Of a click: the link's address or label; `*` stands for anything."""
    since: str = ""
    """An ISO date or time in UTC; at or after it. Of opens and clicks the hour is known."""
    before: str = ""
    within: str = ""
    """A length of time up to now, such as `30d`."""


Expression = (
    Everyone
    | AllOf
    | AnyOf
    | Not
    | OnList
    | Tagged
    | InSegment
    | HasConsent
    | IsSuppressed
    | InState
    | ScoreIs
    | FieldIs
    | FieldIn
    | FieldEmpty
    | Added
    | Did
)


def leaves(expression: Expression) -> Iterator[Expression]:
    """Every part but and, or, not; in the order of the text."""
    if isinstance(expression, AllOf | AnyOf):
        for part in expression.parts:
            yield from leaves(part)
    elif isinstance(expression, Not):
        yield from leaves(expression.part)
    else:
        yield expression


def changed(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same tree with every leaf changed."""
    if isinstance(expression, AllOf | AnyOf):
        return type(expression)(tuple(changed(part, change) for part in expression.parts))
    if isinstance(expression, Not):
        return Not(changed(expression.part, change))
    return change(expression)


def all_of(parts: Sequence[Expression]) -> Expression:
    """One part as it is, several joined."""
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def in_campaign(did: Did, campaign: Reference) -> Did:
    """The same, of another campaign."""
    return msgspec.structs.replace(did, campaign=campaign)
