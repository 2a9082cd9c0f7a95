"""From tree to text: what `parse_expression` reads back as the same tree."""

from typing import Final

from postlude.kit.ids import id_text
from postlude.model.words import Consent, MemberStatus
from postlude.segments import expression as tree
from postlude.segments.expression import Expression, Reference
from postlude.segments.lexer import quoted

_SIGNS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})


def render(expression: Expression) -> str:
    """The expression as text; ids stand as `#0123456789abcdef` where a name is not known."""
    return _or(expression)


def _or(one: Expression) -> str:
    return " or ".join(map(_and, one.parts)) if isinstance(one, tree.AnyOf) else _and(one)


def _and(one: Expression) -> str:
    if not isinstance(one, tree.AllOf):
        return f"({_or(one)})" if isinstance(one, tree.AnyOf) and len(one.parts) > 1 else _part(one)
    return " and ".join(
        f"({_or(part)})" if isinstance(part, tree.AnyOf | tree.AllOf) else _part(part) for part in one.parts
    )


def _part(one: Expression) -> str:  # noqa: C901, PLR0911, PLR0912 - one form a node
    match one:
        case tree.AllOf() | tree.AnyOf():
            return f"({_or(one)})"
        case tree.Not():
            return f"not {_part(one.part)}"
        case tree.Everyone():
            return "everyone"
        case tree.OnList():
            status = "" if one.status is MemberStatus.SUBSCRIBED else f", status={quoted(one.status.value)}"
            return f"list({_ref(one.list)}{status})"
        case tree.Tagged():
            return f"tag({_ref(one.tag)})"
        case tree.InSegment():
            return f"segment({_ref(one.segment)})"
        case tree.HasConsent():
            state = "unknown" if one.state is Consent.UNKNOWN else one.state.value
            return f"consent({quoted(one.purpose.value)}) = {quoted(state)}"
        case tree.IsSuppressed():
            return f"suppressed(reason={quoted(one.reason)})" if one.reason else "suppressed()"
        case tree.InState():
            return f"state({quoted(one.state.value)})"
        case tree.ScoreIs():
            return f"score() {one.is_} {one.value}"
        case tree.FieldIs():
            sign = one.is_ if one.is_ in _SIGNS else f"{one.is_}{' with' if one.is_ != 'contains' else ''}"
            return f"{_field(one.name, custom=one.custom)} {sign} {_value(one.value)}"
        case tree.FieldIn():
            values = ", ".join(map(quoted, one.values))
            return f"{_field(one.name, custom=one.custom)} in ({values})"
        case tree.FieldEmpty():
            return f"{_field(one.name, custom=one.custom)} is empty"
        case tree.Added():
            return f"added({_arguments(_times(one))})"
        case tree.Did():
            return _did(one)


def _did(one: tree.Did) -> str:
    given = {} if one.campaign is None else {"campaign": _ref(one.campaign)}
    given |= {
        name: quoted(text)
        for name, text in (("subject", one.subject), ("topic", one.topic), ("link", one.link))
        if text
    }
    count = f" >= {one.least}" if one.least != 1 else ""
    return f"{one.action}({_arguments(given | _times(one))}){count}"


def _times(one: tree.Added | tree.Did) -> dict[str, str]:
    times = (("since", one.since), ("before", one.before), ("within", one.within))
    return {name: quoted(text) for name, text in times if text}


def _arguments(given: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _field(name: str, *, custom: bool) -> str:
    return f"field({quoted(name)})" if custom else name


def _value(value: str | float) -> str:
    return quoted(value) if isinstance(value, str) else f"{value:.15g}" if value != int(value) else str(int(value))


def _ref(ref: Reference) -> str:
    return quoted(ref.name) if ref.name else f"#{id_text(ref.id)}"
