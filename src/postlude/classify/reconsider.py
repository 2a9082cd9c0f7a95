"""Judge all hits of a copy's window together: the same hits give the same verdicts, in whatever order they came."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Final, NamedTuple

from postlude.classify.rules import Confidence
from postlude.classify.sighting import ACT, BASE, HUMAN, KIND, MACHINE, NUMBER_OF, SURE, SUSPECTED, Sighting
from postlude.classify.window_rules import (
    DEFAULTS,
    WINDOW_RULE,
    WINDOW_RULES,
    Found,
    WindowRule,
    WindowSettings,
    confirmed,
)
from postlude.model.words import Verdict

_FIXED: Final = frozenset({MACHINE, NUMBER_OF[Verdict.SELF]})
_DOWN: Final = frozenset({MACHINE, SUSPECTED})


class Reviewed(NamedTuple):
    """What the window says of one hit."""

    verdict: int
    """Number of the verdict."""
    reasons: tuple[str, ...] = ()
    """Rules over several hits that spoke, the one that decided first; empty: one request alone decides."""
    why: str = ""
    """What was counted."""


def reconsider(window: Sequence[Sighting], settings: WindowSettings = DEFAULTS, links: int = 0) -> list[Reviewed]:
    """The verdicts of hits sorted by (time, id). `links`: of the message, 0 where their number is not known."""
    spoken: dict[int, list[tuple[WindowRule, Found]]] = {}
    marks = reduce(or_, (one.code for one in window), 0)
    for rule in WINDOW_RULES:
        if rule.mark and not marks & rule.mark:
            continue
        for found in rule.find(window, settings, links):
            spoken.setdefault(found.place, []).append((rule, found))
    results = [_decide(one, spoken[n]) if n in spoken else Reviewed(one.base) for n, one in enumerate(window)]
    for found in confirmed(window, [one.verdict for one in results], settings):
        results[found.place] = Reviewed(found.verdict, (WINDOW_RULE["confirmed"].id,), found.why)
    return results


def _decide(one: Sighting, spoken: Sequence[tuple[WindowRule, Found]]) -> Reviewed:
    """The strongest of what was spoken; against one request alone only where that was not believed more."""
    code = one.code
    base, sure = code >> BASE & KIND, code >> SURE & KIND
    if sure == Confidence.CERTAIN or base in _FIXED or code & KIND == ACT:
        return Reviewed(base)
    if len(spoken) == 1:  # nearly always
        rule, found = spoken[0]
        decides = found.verdict == HUMAN or (found.verdict in _DOWN and rule.confidence >= sure)
        return Reviewed(found.verdict, (rule.id,), found.why) if decides else Reviewed(base)
    down = [(rule, found) for rule, found in spoken if found.verdict in _DOWN and rule.confidence >= sure]
    up = [(rule, found) for rule, found in spoken if found.verdict == HUMAN]
    firm = [each for each in down if each[0].confidence is Confidence.HIGH]
    chosen = firm or up or down
    if not chosen:
        return Reviewed(base)
    rule, found = max(chosen, key=lambda each: each[1].verdict)
    others = dict.fromkeys(other.id for other, _ in spoken if other is not rule)
    return Reviewed(found.verdict, (rule.id, *others), found.why)
