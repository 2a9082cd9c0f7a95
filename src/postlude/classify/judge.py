"""One hit in, one verdict out, with every reason that spoke."""

from typing import Final

import msgspec

from postlude.classify.agents import read_agent
from postlude.classify.rules import RULES, Confidence, HitFacts, VerdictRule
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """Judge one hit by itself."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Ids of all rules that matched; the one that decided comes first."""
    client: str
    """The mail client, image proxy or browser by the name people know, empty when there is none."""


_OPENS: Final = frozenset({HitEndpoint.PIXEL})


def judge(hit: Hit, *, sent_at: int | None) -> Judgement:
    """Judge one hit by the stateless rules; `sent_at` is the hand-off to the next server in microseconds.

    The same hit and `sent_at` always give the same judgement under the same RULES_VERSION.
    """
    agent = read_agent(hit.user_agent)
    since = None if sent_at is None else hit.at - sent_at
    seen = HitFacts(hit, agent, hit.facts.get("network", ""), since)
    matched = [rule for rule in RULES if rule.matches(seen)]
    reported = ((rule, _verdict(rule, hit.endpoint)) for rule in matched if rule.confidence is not Confidence.WEAK)
    decided = next(((rule, verdict) for rule, verdict in reported if verdict is not None), None)
    if decided is None:
        return Judgement(Verdict.UNKNOWN, tuple(rule.id for rule in matched), agent.client)
    first, verdict = decided
    return Judgement(verdict, (first.id, *(rule.id for rule in matched if rule is not first)), agent.client)


def _verdict(rule: VerdictRule, endpoint: HitEndpoint) -> Verdict | None:
    return rule.on_open if endpoint in _OPENS else rule.on_click
