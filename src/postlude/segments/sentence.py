"""From tree to words: whom an expression chooses, as one would say it."""

from collections.abc import Mapping
from typing import Final

from postlude.kit.ids import id_text
from postlude.model.words import Consent, EngagementState, MemberStatus, Purpose
from postlude.segments import expression as tree
from postlude.segments.expression import Expression, Reference
from postlude.segments.moments import read_length

_DID: Final[Mapping[str, tuple[str, str]]] = {
    "sent": ("were sent", "were not sent"),
    "delivered": ("received", "did not receive"),
    "opens_tracked": ("would be seen opening", "would not be seen opening"),
    "clicks_tracked": ("would be seen clicking in", "would not be seen clicking in"),
    "opened": ("opened", "did not open"),
    "clicked": ("clicked in", "did not click in"),
    "replied": ("answered", "did not answer"),
    "autoresponded": ("sent an automatic reply to", "sent no automatic reply to"),
    "bounced": ("could not receive", "never failed to receive"),
    "complained": ("marked as spam", "never marked as spam"),
    "unsubscribed": ("unsubscribed from", "did not unsubscribe from"),
}
_IS: Final = {
    "=": ("is", "is not"),
    "!=": ("is not", "is"),
    "<": ("is below", "is not below"),
    "<=": ("is at most", "is not at most"),
    ">": ("is above", "is not above"),
    ">=": ("is at least", "is not at least"),
    "contains": ("contains", "does not contain"),
    "starts": ("starts with", "does not start with"),
    "ends": ("ends with", "does not end with"),
}
_STATE: Final = {
    EngagementState.NEW: ("who are new", "who are not new"),
    EngagementState.ACTIVE: ("who are active", "who are not active"),
    EngagementState.HOT: ("who are hot", "who are not hot"),
    EngagementState.LAPSING: ("who are lapsing", "who are not lapsing"),
    EngagementState.INACTIVE: ("who are inactive", "who are not inactive"),
    EngagementState.UNREACHABLE: ("whose mail comes back", "whose mail does not come back"),
    EngagementState.UNKNOWN: ("of whom it is not known whether they read", "of whom it is known whether they read"),
}
_ON: Final = {
    MemberStatus.SUBSCRIBED: ("are on", "are not on"),
    MemberStatus.PENDING: ("have not yet confirmed", "have nothing to confirm for"),
    MemberStatus.UNSUBSCRIBED: ("left", "did not leave"),
}
_PURPOSE: Final = {
    Purpose.MAIL: "being mailed",
    Purpose.OPENS: "having opens seen",
    Purpose.CLICKS: "having clicks seen",
}


def sentence(expression: Expression) -> str:
    """Such as "contacts who clicked in the campaign 'Spring' and did not answer any mail"."""
    if isinstance(expression, tree.Everyone):
        return "all contacts"
    if isinstance(expression, tree.Not) and isinstance(expression.part, tree.Everyone):
        return "no contacts"
    return f"contacts {_phrase(expression)}"


def _phrase(one: Expression, *, negated: bool = False) -> str:
    if isinstance(one, tree.Not):
        return _phrase(one.part, negated=not negated)
    if isinstance(one, tree.AllOf | tree.AnyOf):
        # Not (a and b) is written as not a or not b: readers need not think in brackets.
        joined = " and " if isinstance(one, tree.AllOf) is not negated else " or "
        return joined.join(_inner(part, joined, negated=negated) for part in one.parts)
    return _leaf(one, 1 if negated else 0)


def _inner(one: Expression, joined: str, *, negated: bool) -> str:
    told = _phrase(one, negated=negated)
    bare = one
    while isinstance(bare, tree.Not):
        bare, negated = bare.part, not negated
    if isinstance(bare, tree.AllOf | tree.AnyOf) and len(bare.parts) > 1:
        own = " and " if isinstance(bare, tree.AllOf) is not negated else " or "
        return told if own == joined else f"({told})"
    return told


def _leaf(one: Expression, no: int) -> str:  # noqa: C901, PLR0911, PLR0912 - one form a node
    match one:
        case tree.OnList():
            return f"who {_ON[one.status][no]} the list {_ref(one.list)}"
        case tree.Tagged():
            return f"who {('have', 'do not have')[no]} the tag {_ref(one.tag)}"
        case tree.InSegment():
            return f"who {('are', 'are not')[no]} in the segment {_ref(one.segment)}"
        case tree.HasConsent():
            return f"who {_consented(one.state, no)} {_PURPOSE[one.purpose]}"
        case tree.IsSuppressed():
            reason = f" ({one.reason.replace('_', ' ')})" if one.reason else ""
            return f"who {('must not be mailed', 'may be mailed')[no]}{reason}"
        case tree.InState():
            return _STATE[one.state][no]
        case tree.ScoreIs():
            return f"{('whose', 'without a')[no]} score {('that ' * no) + _IS[one.is_][0]} {one.value}"
        case tree.FieldIs():
            value = f"'{one.value}'" if isinstance(one.value, str) else f"{one.value:g}"
            return f"whose {_field(one.name)} {_IS[one.is_][no]} {value}"
        case tree.FieldIn():
            values = ", ".join(f"'{value}'" for value in one.values)
            return f"whose {_field(one.name)} is {('one', 'none')[no]} of {values}"
        case tree.FieldEmpty():
            return f"whose {_field(one.name)} is {('not known', 'known')[no]}"
        case tree.Added():
            return f"who {('were', 'were not')[no]} added{_time(one)}"
        case tree.Did():
            return _did(one, no)
        case _:
            return ("who are contacts", "who are not contacts")[no]


def _did(one: tree.Did, no: int) -> str:
    if one.least == 1:
        count, verb = "", _DID[one.action][no]
    else:
        count, verb = f" {('at least', 'fewer than')[no]} {one.least:,} times", _DID[one.action][0]
    mail = "any mail" if one.campaign is None else f"the campaign {_ref(one.campaign)}"
    if one.subject:
        mail += f" with '{one.subject}' in its subject"
    if one.topic:
        mail += f" about '{one.topic}'"
    if one.link:
        verb, mail = verb.removesuffix(" in"), f"the link '{one.link}' in {mail}"
    return f"who {verb} {mail}{count}{_time(one)}"


def _time(one: tree.Did | tree.Added) -> str:
    if one.within:
        return f" within the last {_length(one.within)}"
    return (f" since {one.since}" if one.since else "") + (f" before {one.before}" if one.before else "")


def _length(text: str) -> str:
    read = read_length(text)
    return read.unit if read.number == 1 else f"{read.number} {read.unit}s"


def _consented(state: Consent, no: int) -> str:
    if state is Consent.UNKNOWN:
        return ("were never asked about", "were asked about")[no]
    if state is Consent.GIVEN:
        return ("agreed to", "did not agree to")[no]
    return ("refused", "did not refuse")[no]


def _field(name: str) -> str:
    return name.replace("_", " ")


def _ref(ref: Reference) -> str:
    return f"'{ref.name}'" if ref.name else f"#{id_text(ref.id)} (which is gone)"
