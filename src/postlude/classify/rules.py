"""The stateless rules as a table: conclusions from one request alone, strongest first.

Rules that need other hits (sweeps, many networks, many recipients) are not here: they judge these results again.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple

from postlude.classify.agents import Agent, Family
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

RULES_VERSION: Final = 6
"""Goes up whenever the same hit may be judged differently."""

PROMPT_SECONDS: Final = 2
"""A click this soon after the hand-off is suspected: reading a mail takes longer (craft-campaign #546)."""


OWN_VISIT: Final = "1"
COLLEAGUES_VISIT: Final = "colleague"
"""Values of the fact `self`."""
COLLEAGUE: Final = "colleague"
"""The rule whose `self` is a colleague and not the sender."""


class Confidence(IntEnum):
    """How far a rule is to be believed. A WEAK rule is recorded and never decides."""

    CERTAIN = 4
    HIGH = 3
    MEDIUM = 2
    WEAK = 1


class HitFacts(NamedTuple):
    """One hit with what was read from it."""

    hit: Hit
    agent: Agent
    network: str
    since_sent: int | None
    """Microseconds since the hand-off to the next server, None when unknown."""


class VerdictRule(NamedTuple):
    """One reason. `on_open` and `on_click` are its verdicts for a pixel and a link; None: it does not apply."""

    id: str
    confidence: Confidence
    on_open: Verdict | None
    on_click: Verdict | None
    matches: Callable[[HitFacts], bool]
    timed: bool = False
    """Whether it depends on when the copy was handed over."""


_PURPOSE_HEADERS: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_POSTED: Final = frozenset({HitEndpoint.UNSUBSCRIBE, HitEndpoint.PREFERENCES})
_SUSPECT_NETWORKS: Final = frozenset({"proofpoint", "mimecast", "cisco"})
_NEAR_DELIVERY: Final = 10 * 60 * MICROS_PER_SECOND


def _posted(seen: HitFacts) -> bool:
    return seen.hit.method == "POST" and seen.hit.endpoint in _POSTED


def _not_get(seen: HitFacts) -> bool:
    return seen.hit.method != "GET" and not _posted(seen)


def _prefetch(seen: HitFacts) -> bool:
    values = (seen.hit.headers.get(name, "").lower() for name in _PURPOSE_HEADERS)
    return any("prefetch" in value or "preview" in value or "prerender" in value for value in values)


def _is(*families: Family) -> Callable[[HitFacts], bool]:
    wanted = frozenset(families)
    return lambda seen: seen.agent.family in wanted


def _from(*networks: str) -> Callable[[HitFacts], bool]:
    wanted = frozenset(networks)
    return lambda seen: seen.network in wanted


def _apple(seen: HitFacts) -> bool:
    return seen.network == "apple_egress" or seen.hit.facts.get("apple_egress") == "1"


SINCE_LATE: Final = 1
"""The class of times when no filter looks at new mail any more."""


def since_class(since_sent: int | None) -> int:
    """Hits that differ only within one class of `since_sent` are judged alike: rules distinguish no finer times."""
    if since_sent is None:
        return 0
    if since_sent > _NEAR_DELIVERY:
        return SINCE_LATE
    if since_sent < 0:
        return 2
    return 3 if since_sent < PROMPT_SECONDS * MICROS_PER_SECOND else 4


def _near_delivery(seen: HitFacts) -> bool:
    return seen.since_sent is not None and seen.since_sent <= _NEAR_DELIVERY


def _prompt(seen: HitFacts) -> bool:
    return seen.since_sent is not None and 0 <= seen.since_sent < PROMPT_SECONDS * MICROS_PER_SECOND


_C, _V = Confidence, Verdict

RULES: Final = (
    VerdictRule("self", _C.CERTAIN, _V.SELF, _V.SELF, lambda s: s.hit.facts.get("self") == OWN_VISIT),
    VerdictRule(COLLEAGUE, _C.CERTAIN, _V.SELF, _V.SELF, lambda s: s.hit.facts.get("self") == COLLEAGUES_VISIT),
    VerdictRule("own-human", _C.CERTAIN, _V.HUMAN, _V.HUMAN, lambda s: s.hit.facts.get("own") == "human"),
    VerdictRule("own-machine", _C.CERTAIN, _V.MACHINE, _V.MACHINE, lambda s: s.hit.facts.get("own") == "machine"),
    VerdictRule("own-self", _C.CERTAIN, _V.SELF, _V.SELF, lambda s: s.hit.facts.get("own") == "self"),
    VerdictRule("own-unknown", _C.CERTAIN, _V.UNKNOWN, _V.UNKNOWN, lambda s: s.hit.facts.get("own") == "unknown"),
    VerdictRule("method", _C.CERTAIN, _V.MACHINE, _V.MACHINE, _not_get),
    VerdictRule("posted", _C.CERTAIN, _V.HUMAN, _V.HUMAN, _posted),
    VerdictRule("purpose-header", _C.CERTAIN, _V.MACHINE, _V.MACHINE, _prefetch),
    VerdictRule("gmail-prefetch", _C.CERTAIN, _V.MACHINE, _V.MACHINE_SUSPECTED, _is(Family.GMAIL_PREFETCH)),
    VerdictRule("image-proxy", _C.HIGH, _V.HUMAN_PROXIED, _V.MACHINE_SUSPECTED, _is(Family.IMAGE_PROXY)),
    VerdictRule("apple-mpp", _C.HIGH, _V.UNKNOWN, _V.MACHINE, lambda s: s.agent.family is Family.BARE and _apple(s)),
    VerdictRule("microsoft-filtering", _C.HIGH, _V.MACHINE, _V.MACHINE, _from("microsoft_filtering")),
    VerdictRule("barracuda-filtering", _C.HIGH, _V.MACHINE, _V.MACHINE, _from("barracuda")),
    VerdictRule("office", _C.HIGH, _V.HUMAN, _V.MACHINE, _is(Family.OFFICE)),
    VerdictRule("office-browser", _C.HIGH, _V.HUMAN, _V.MACHINE_SUSPECTED, _is(Family.OFFICE_BROWSER)),
    VerdictRule("mail-service", _C.HIGH, _V.MACHINE, _V.MACHINE, _is(Family.SERVICE)),
    VerdictRule("gateway", _C.HIGH, _V.MACHINE, _V.MACHINE, _is(Family.GATEWAY)),
    VerdictRule("preview-bot", _C.HIGH, _V.MACHINE, _V.MACHINE, _is(Family.PREVIEW)),
    VerdictRule("headless", _C.HIGH, _V.MACHINE, _V.MACHINE, _is(Family.HEADLESS)),
    VerdictRule("http-library", _C.HIGH, _V.MACHINE, _V.MACHINE, _is(Family.LIBRARY)),
    VerdictRule("crawler", _C.HIGH, _V.MACHINE, _V.MACHINE, _is(Family.CRAWLER)),
    VerdictRule("crawler-list", _C.HIGH, _V.MACHINE, _V.MACHINE, lambda s: s.hit.facts.get("crawler") == "1"),
    VerdictRule(
        "gateway-network",
        _C.MEDIUM,
        _V.MACHINE_SUSPECTED,
        _V.MACHINE_SUSPECTED,
        lambda s: s.network in _SUSPECT_NETWORKS and _near_delivery(s),
        timed=True,
    ),
    VerdictRule("prompt-click", _C.MEDIUM, None, _V.MACHINE_SUSPECTED, _prompt, timed=True),
    VerdictRule("bare-agent", _C.MEDIUM, _V.UNKNOWN, _V.MACHINE, _is(Family.BARE)),
    VerdictRule("apple-egress", _C.MEDIUM, _V.UNKNOWN, None, _apple),
    VerdictRule("mail-client", _C.HIGH, _V.HUMAN, _V.HUMAN, _is(Family.MAIL_CLIENT)),
    VerdictRule("empty-agent", _C.MEDIUM, _V.UNKNOWN, _V.MACHINE_SUSPECTED, _is(Family.EMPTY)),
    VerdictRule("ancient-agent", _C.WEAK, None, None, lambda s: s.agent.ancient),
    VerdictRule("hosting-network", _C.WEAK, None, None, _from("hosting")),
    VerdictRule("browser", _C.MEDIUM, _V.HUMAN, _V.HUMAN, _is(Family.BROWSER)),
    VerdictRule("unknown-agent", _C.MEDIUM, _V.UNKNOWN, _V.UNKNOWN, _is(Family.OTHER)),
)
