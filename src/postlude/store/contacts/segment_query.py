"""A segment's expression as a condition on `contacts`.

Expressions come settled: ids instead of names, moments instead of lengths of time (services.segments.settling).
"""

import operator
import re
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Float,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from postlude.model.words import Consent, Purpose, Tracked
from postlude.segments import expression as tree
from postlude.segments.expression import Expression
from postlude.segments.moments import read_moment
from postlude.store.contacts.tables import contact_tags, contacts, engagement, list_members, suppressions
from postlude.store.messages.tables import HOUR_US, copies, copy_activity, copy_hours, links, message_topics, messages
from postlude.store.segments.tables import segment_members

_NUMBER: Final = r"^\s*[-+]?[0-9]{1,15}(\.[0-9]{1,15})?\s*$"
_CONSENT: Final = {
    Purpose.MAIL: contacts.c.mail_consent,
    Purpose.OPENS: contacts.c.opens_consent,
    Purpose.CLICKS: contacts.c.clicks_consent,
}
_ORDER: Final[dict[str, Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_HOLDS: Final[dict[str, Any]] = {
    "contains": lambda text, part: text.contains(part, autoescape=True),
    "starts": lambda text, part: text.startswith(part, autoescape=True),
    "ends": lambda text, part: text.endswith(part, autoescape=True),
}


class BytewiseText(FunctionElement[str]):
    """A text that is ordered and put in lower case by its bytes, as SQLite does: PostgreSQL's locale decides else."""

    type = Text()
    inherit_cache = True
    name = "bytewise"


@compiles(BytewiseText)
def _own_order(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own objects
    return str(compiler.process(element.clauses, **options))


@compiles(BytewiseText, "postgresql")
def _c_order(element: Any, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own objects
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


def chooses(
    expression: Expression, *, paged: bool = False, stood_since: int = 0, denied: bool = False
) -> ColumnElement[bool]:
    """The condition, which is never NULL. `paged` and `stood_since` as for `in_audience`.

    `denied`: what it finds is not wanted. Then an opening counts at once: who may have opened is not asked why not.
    """
    match expression:
        case tree.Everyone():
            return literal(value=True, type_=Boolean)
        case tree.AllOf():
            return and_(
                *(chooses(part, paged=paged, stood_since=stood_since, denied=denied) for part in expression.parts)
            )
        case tree.AnyOf():
            return or_(
                *(chooses(part, paged=paged, stood_since=stood_since, denied=denied) for part in expression.parts)
            )
        case tree.Not():
            return not_(chooses(expression.part, paged=paged, stood_since=stood_since, denied=not denied))
        case tree.Did():
            return _did(expression, 0 if denied else stood_since, paged=paged)
        case _:
            return _is(expression, paged=paged)


def _is(leaf: Expression, *, paged: bool) -> ColumnElement[bool]:  # noqa: C901, PLR0911 - one form a node
    match leaf:
        case tree.OnList():
            members = select(list_members.c.contact).where(
                list_members.c.list == leaf.list.id, list_members.c.status == leaf.status.value
            )
            return _among(members, list_members.c.contact, paged=paged)
        case tree.Tagged():
            tagged = select(contact_tags.c.contact).where(contact_tags.c.tag == leaf.tag.id)
            return _among(tagged, contact_tags.c.contact, paged=paged)
        case tree.InSegment():  # a frozen one: others are replaced by their expression before
            kept = select(segment_members.c.contact).where(segment_members.c.segment == leaf.segment.id)
            return _among(kept, segment_members.c.contact, paged=paged)
        case tree.HasConsent():
            state = _CONSENT[leaf.purpose]
            return func.coalesce(state, Consent.UNKNOWN.value) == leaf.state.value
        case tree.IsSuppressed():
            mine = exists().where(suppressions.c.address == contacts.c.address)
            return mine.where(suppressions.c.reason == leaf.reason) if leaf.reason else mine
        case tree.InState():
            return _engaged(engagement.c.state == leaf.state.value, paged=paged)
        case tree.ScoreIs():
            scored = engagement.c.score >= 0, _ORDER[leaf.is_](engagement.c.score, leaf.value)
            return _engaged(and_(*scored), paged=paged)
        case tree.FieldIs():
            return _compared(leaf)
        case tree.FieldIn():
            return or_(*(_compared(tree.FieldIs(leaf.name, "=", value, leaf.custom)) for value in leaf.values))
        case tree.FieldEmpty():
            return func.trim(_text(leaf.name, custom=leaf.custom)) == ""
        case tree.Added():
            return and_(
                literal(value=True, type_=Boolean), *_during(leaf, contacts.c.created_at, contacts.c.created_at)
            )
        case _:
            raise AssertionError(leaf)


def _engaged(chosen: ColumnElement[bool], *, paged: bool) -> ColumnElement[bool]:
    return _among(select(engagement.c.contact).where(chosen), engagement.c.contact, paged=paged)


def _among(chosen: Select[Any], key: Any, *, paged: bool) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    if paged:
        return chosen.where(key == contacts.c.id).exists()
    return contacts.c.id.in_(chosen)


# Fields


def _text(name: str, *, custom: bool) -> ColumnElement[str]:
    """The field's text; empty where it is not known."""
    column = cast(contacts.c.fields[name].as_string(), Text) if custom else contacts.c[name]
    return func.coalesce(column, "")


def _compared(leaf: tree.FieldIs) -> ColumnElement[bool]:
    if leaf.name == "domain" and not leaf.custom:
        return _domain(leaf.is_, str(leaf.value))
    text = _text(leaf.name, custom=leaf.custom)
    if isinstance(leaf.value, float):
        number = case((text.regexp_match(_NUMBER), cast(func.trim(text), Float)))
        return func.coalesce(_ORDER[leaf.is_](number, leaf.value), literal(value=leaf.is_ == "!=", type_=Boolean))
    if leaf.is_ in _ORDER:
        return and_(_ORDER[leaf.is_](BytewiseText(text), leaf.value))
    plain, value = func.lower(BytewiseText(text)), _lower(leaf.value)
    return and_(_HOLDS[leaf.is_](plain, value))


def _domain(is_: str, value: str) -> ColumnElement[bool]:
    """Addresses are in lower case and their domains in A-labels; so is `value`."""
    address, part = contacts.c.address, _lower(value)
    if is_ in {"=", "!="}:
        found: ColumnElement[bool] = address.endswith(f"@{part}", autoescape=True)
        return ~found if is_ == "!=" else found
    if is_ == "starts":
        return and_(address.contains(f"@{part}", autoescape=True))
    if is_ == "contains":
        return address.regexp_match("@[^@]*" + re.escape(part))
    return and_(address.endswith(part, autoescape=True))


def _lower(text: str) -> str:
    """A-Z in lower case and nothing else: what both engines do."""
    return "".join(chr(ord(sign) + 32) if "A" <= sign <= "Z" else sign for sign in text)


# What became of mail


def _did(did: tree.Did, stood_since: int, *, paged: bool) -> ColumnElement[bool]:
    found = _has_done(did, paged=paged)
    if stood_since and did.action in _BY_HOUR:
        return and_(found, _stood(did, stood_since, paged=paged))
    return found


def _has_done(did: tree.Did, *, paged: bool) -> ColumnElement[bool]:
    if did.action in _BY_HOUR and (did.since or did.before or did.link):
        return _did_by_hour(did, paged=paged)
    times, ways = _WAYS[did.action]
    joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
    happened = or_(*(and_(it, *_during(did, first, last)) for it, first, last in ways))
    chosen = select(copies.c.address).select_from(joined).where(happened, *_mail(did, paged=paged))
    if did.least == 1:
        if paged:
            return chosen.where(copies.c.address == contacts.c.address).exists()
        return contacts.c.address.in_(chosen)
    enough = func.sum(times) >= did.least
    if paged:
        own = chosen.where(copies.c.address == contacts.c.address).group_by(copies.c.address).having(enough)
        return own.exists()
    return contacts.c.address.in_(chosen.group_by(copies.c.address).having(enough))


def _stood(did: tree.Did, since: int, *, paged: bool) -> ColumnElement[bool]:
    """Some of it was seen before `since`: its verdict has stood until now."""
    ways = [first < since for it, first, _ in _WAYS[did.action][1] if it is not _REPLIED[0]]
    if did.action == "opened":
        ways.append(_REPLIED[0])
    joined = copies.join(copy_activity, copy_activity.c.copy == copies.c.id)
    chosen = select(copies.c.address).select_from(joined).where(or_(*ways), *_mail(did, paged=paged))
    if paged:
        return chosen.where(copies.c.address == contacts.c.address).exists()
    return contacts.c.address.in_(chosen)


def _did_by_hour(did: tree.Did, *, paged: bool) -> ColumnElement[bool]:
    """Opens or clicks within a time, or on a link."""
    assert not did.within, "lengths of time are settled before"
    hours = [copy_hours.c.hour >= read_moment(did.since) // HOUR_US] if did.since else []
    hours += [copy_hours.c.hour < read_moment(did.before) // HOUR_US] if did.before else []
    answered = [
        copy_activity.c.replied_at.is_not(None),
        *_during(did, copy_activity.c.replied_at, copy_activity.c.replied_at),
    ]
    if did.action == "clicked":
        answered = [literal(value=False, type_=Boolean)]
    if paged:
        mine = copy_hours.c.copy == copies.c.id, *hours, *_of_link(did)
        opens, clicks = (
            func.coalesce(select(func.sum(column)).where(*mine).scalar_subquery(), 0)
            for column in (copy_hours.c.opens, copy_hours.c.clicks)
        )
        answers = select(func.count()).where(copy_activity.c.copy == copies.c.id, *answered).scalar_subquery()
        times = _times(did, opens, clicks + answers)
        own = select(copies.c.address).where(copies.c.address == contacts.c.address, *_mail(did, paged=True))
        return own.group_by(copies.c.address).having(func.sum(times) >= did.least).exists()
    found = select(copy_hours.c.copy, copy_hours.c.opens, copy_hours.c.clicks).where(*hours)
    if did.link:
        found = found.join(copies, copies.c.id == copy_hours.c.copy).where(*_of_link(did))
    if did.action == "opened":
        seen = select(copy_activity.c.copy, literal(0), literal(1)).where(*answered)
        each = found.union_all(seen).subquery()
    else:
        each = found.subquery()
    counted = _times(did, func.sum(each.c.opens), func.sum(each.c.clicks)).label("times")
    of_copy = select(each.c.copy, counted).group_by(each.c.copy).subquery()
    chosen = select(copies.c.address).join(of_copy, of_copy.c.copy == copies.c.id).where(*_mail(did, paged=True))
    return contacts.c.address.in_(chosen.group_by(copies.c.address).having(func.sum(of_copy.c.times) >= did.least))


def _times(did: tree.Did, opens: Any, clicks: Any) -> ColumnElement[int]:  # noqa: ANN401 - sums
    """Of one copy. Who clicked or answered has seen it, whether or not the pixel was loaded."""
    return case((opens > 0, opens), (clicks > 0, 1), else_=0) if did.action == "opened" else clicks


def _of_link(did: tree.Did) -> list[ColumnElement[bool]]:
    if not did.link:
        return []
    pattern = "%".join(_LIKE.sub(r"/\g<0>", part) for part in _lower(did.link).split("*"))
    fits = (func.lower(BytewiseText(column)).like(pattern, escape="/") for column in (links.c.url, links.c.label))
    same = links.c.message == copies.c.message, links.c.position == copy_hours.c.position
    return [select(links.c.position).where(*same, or_(*fits)).correlate(copies, copy_hours).exists()]


def _mail(did: tree.Did, *, paged: bool) -> list[ColumnElement[bool]]:
    """Which copies, by what they were."""
    found: list[ColumnElement[bool]] = []
    if did.subject:
        holds = func.lower(BytewiseText(messages.c.subject)).contains(_lower(did.subject), autoescape=True)
        found.append(select(messages.c.id).where(messages.c.id == copies.c.message, holds).exists())
    if did.topic:
        about = message_topics.c.message == copies.c.message, message_topics.c.key == did.topic.lower()
        found.append(select(message_topics.c.message).where(*about).exists())
    if did.campaign is not None:
        # Of one contact's few copies the sum keeps SQLite, which has no statistics, from reading the whole campaign.
        found.append((copies.c.campaign + 0 if paged else copies.c.campaign) == did.campaign.id)
    return found


def _during(
    asked: tree.Did | tree.Added,
    first: Any,  # noqa: ANN401 - columns
    last: Any,  # noqa: ANN401 - columns
) -> list[ColumnElement[bool]]:
    assert not asked.within, "lengths of time are settled before"
    found = [last >= read_moment(asked.since)] if asked.since else []
    return [*found, first < read_moment(asked.before)] if asked.before else found


def _once(column: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - columns
    return column.is_not(None), column, column


def _can_be_seen(what: Tracked, says: Any) -> list[tuple[Any, Any, Any]]:  # noqa: ANN401 - a column
    """The copy left with its opens, or its clicks, tracked; of older ones the message says whether."""
    message = select(messages.c.id).where(messages.c.id == copies.c.message, says).correlate(copies).exists()
    seen = or_(copies.c.tracked.op("&")(int(what)) != 0, and_(copies.c.tracked.is_(None), message))
    return [(and_(copies.c.sent_at.is_not(None), seen), copies.c.sent_at, copies.c.sent_at)]


_BY_HOUR: Final = frozenset({"opened", "clicked"})
_LIKE: Final = re.compile("[%_/]")
_ONCE: Final = literal(1)
_CLICKED: Final = (copy_activity.c.clicks > 0, copy_activity.c.first_click_at, copy_activity.c.last_click_at)
_REPLIED: Final = _once(copy_activity.c.replied_at)
_OPENED: Final = (copy_activity.c.opens > 0, copy_activity.c.first_open_at, copy_activity.c.last_open_at)
_WAYS: Final[dict[str, tuple[Any, list[tuple[Any, Any, Any]]]]] = {
    "sent": (_ONCE, [_once(copies.c.sent_at)]),
    "delivered": (_ONCE, [_once(copy_activity.c.delivered_at)]),
    "opens_tracked": (_ONCE, _can_be_seen(Tracked.OPENS, messages.c.opens)),
    "clicks_tracked": (_ONCE, _can_be_seen(Tracked.CLICKS, messages.c.clicks)),
    # Who clicked or answered has seen it, whether or not the pixel was loaded.
    "opened": (case((copy_activity.c.opens > 0, copy_activity.c.opens), else_=1), [_OPENED, _CLICKED, _REPLIED]),
    "clicked": (copy_activity.c.clicks, [_CLICKED]),
    "replied": (_ONCE, [_REPLIED]),
    "autoresponded": (_ONCE, [_once(copy_activity.c.autoresponded_at)]),
    "bounced": (_ONCE, [_once(copy_activity.c.bounced_at)]),
    "complained": (_ONCE, [_once(copy_activity.c.complained_at)]),
    "unsubscribed": (_ONCE, [_once(copy_activity.c.unsubscribed_at)]),
}
