"""What of a message's content goes with more or fewer responses, and how sure that is.

One logistic regression over messages: every trait beside all others, within groups (the same sender and lists), so that
a list of keen readers is not taken for a good subject. Messages differ from each other by more than chance; how much is
estimated (D. A. Williams, 1982, procedure II), and no message of 100,000 copies outweighs all others. An effect is
shrunk towards none by how much effects of the same kind differ at all (empirical Bayes). Of many, those are called sure
that Benjamini and Hochberg's procedure (1995) finds: of a hundred such, at most one is expected to be chance.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Final, Literal, NamedTuple

import msgspec

from postlude.analytics.normal_equations import NormalEquations, WeightedRow

LEAST_MESSAGES: Final = 8
"""With a trait, and as many without it, before anything is told of it."""
LEAST_RESPONSES: Final = 20
"""Over all messages of the trait's groups."""
LEVEL: Final = 0.01
"""At most this share of what is called sure is expected to be chance."""
_MESSAGES_A_TRAIT: Final = 3
_MOST_TRAITS: Final = 150
_GROUP_SPREAD: Final = 2.0  # how far groups may lie apart, as log odds
_TRAIT_SPREAD: Final = 1.0  # before anything is known of the kind
_LEAST_SPREAD: Final = 0.05
_ROUNDS: Final = 4
_NORMAL: Final = NormalDist()
_Z95: Final = _NORMAL.inv_cdf(0.975)
_MOST_ODDS: Final = 12.0
_OF_A_KIND: Final = 4  # effects, before they say by themselves how far they lie apart
_HALVINGS: Final = 40
_FAR: Final = 8.0  # standard errors beyond which the chance is smaller than a float tells

Certainty = Literal["sure", "open", "little"]
"""`sure`: hardly chance. `open`: the interval says what is known. `little`: not enough yet."""


class Trait(NamedTuple):
    """Something that a message has."""

    kind: str
    """Effects of one kind are shrunk together: `topic`, `weekday`."""
    value: str
    exclusive: bool = False
    """A message has one value of the kind, and the effect is against its other values; else the trait or not."""


class TriedMessage(NamedTuple):
    """One message: what it had, and what became of it."""

    group: str
    traits: frozenset[Trait]
    responses: int
    """Copies that a person responded to."""
    copies: int
    """That could be responded to."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with one trait."""

    kind: str
    value: str
    certainty: Certainty
    messages: int
    """That have it."""
    others: int
    """That it is told from: all others of which anything of this kind is known."""
    copies: int
    """Of the messages that have it."""
    responses: int
    odds: float = 1.0
    """The odds of a response are this many times those without it, everything else alike; shrunk."""
    low: float = 0.0
    """95 % interval of the odds."""
    high: float = 0.0
    rate: float = 0.0
    """What the usual rate would be with it."""
    rate_low: float = 0.0
    rate_high: float = 0.0
    chance: float = 1.0
    """How probable a difference as large is by chance alone."""


class ContentEffects(msgspec.Struct, frozen=True, kw_only=True):
    """All of it for one kind of response."""

    messages: int
    copies: int
    responses: int
    usual: float
    """The rate over all of them."""
    spread: float
    """By how much log odds of messages differ that are alike in all traits."""
    effects: list[Effect]
    """The sure ones first, then by how far from chance, last those with too little."""


def effects_of(tried: Sequence[TriedMessage]) -> ContentEffects:
    """The effect of every trait that any message has."""
    rows = [one for one in tried if one.copies > 0]
    having = Counter(trait for one in rows for trait in one.traits)
    copies, responses = sum(one.copies for one in rows), sum(min(one.responses, one.copies) for one in rows)
    known = _told(rows, having) if LEAST_RESPONSES <= responses < copies else []
    fit = _Fit(rows, known) if known else None
    usual = responses / copies if copies else 0.0
    found = _judged(fit) if fit else {}
    kinds = _of_kind(rows)
    effects = [_effect(rows, trait, _others(trait, having, kinds, len(rows)), found.get(trait)) for trait in having]
    order = {"sure": 0, "open": 1, "little": 2}
    effects.sort(key=lambda one: (order[one.certainty], one.chance, -one.messages, one.kind, one.value))
    return ContentEffects(
        messages=len(rows),
        copies=copies,
        responses=responses,
        usual=usual,
        spread=math.sqrt(fit.between / max(usual * (1 - usual), 1e-9)) if fit else 0.0,
        effects=effects,
    )


def _of_kind(rows: Sequence[TriedMessage]) -> Counter[str]:
    return Counter(kind for one in rows for kind in {trait.kind for trait in one.traits})


def _others(trait: Trait, having: Mapping[Trait, int], kinds: Mapping[str, int], total: int) -> int:
    return (kinds[trait.kind] if trait.exclusive else total) - having[trait]


def _told(rows: Sequence[TriedMessage], having: Mapping[Trait, int]) -> list[Trait]:
    """Traits with enough messages on both sides; where they are too many for the messages, the most common ones."""
    kinds, total = _of_kind(rows), len(rows)
    balance = {trait: min(having[trait], _others(trait, having, kinds, total)) for trait in having}
    fit = [trait for trait in having if balance[trait] >= LEAST_MESSAGES]
    fit.sort(key=lambda trait: (-balance[trait], trait.kind, trait.value))
    room = (total - len({one.group for one in rows})) // _MESSAGES_A_TRAIT
    return fit[: max(0, min(_MOST_TRAITS, room))]


class _Found(NamedTuple):
    low: float
    high: float
    chance: float
    sure: bool


class _Fit:
    """The regression: columns are groups first, then traits."""

    def __init__(self, rows: Sequence[TriedMessage], traits: Sequence[Trait]) -> None:
        groups = {group: number for number, group in enumerate(sorted({one.group for one in rows}))}
        self.traits = list(traits)
        self._first = len(groups) + 1
        place = {trait: self._first + number for number, trait in enumerate(traits)}
        self._rows = rows
        self._columns = [
            [0, groups[one.group] + 1, *(place[trait] for trait in one.traits if trait in place)] for one in rows
        ]
        self._penalties = [1e-6, *([_GROUP_SPREAD**-2] * len(groups)), *([_TRAIT_SPREAD**-2] * len(traits))]
        self.between = 0.0
        self.freedom = max(len(rows) - len(groups) - len(traits), 1)
        counts = Counter(column for columns in self._columns for column in columns)
        self._having = [counts[place[trait]] for trait in traits]
        self._equations = self._fitted()

    def _fitted(self) -> NormalEquations:
        total = sum(one.copies for one in self._rows)
        share = (sum(min(one.responses, one.copies) for one in self._rows) + 0.5) / (total + 1)
        logits = [math.log(share / (1 - share))] * len(self._rows)
        for number in range(_ROUNDS):
            equations = NormalEquations(self._weighted(logits), self._penalties)
            logits = [
                max(-_MOST_ODDS, min(_MOST_ODDS, sum(equations.solution[column] for column in columns)))
                for columns in self._columns
            ]
            if number < _ROUNDS - 1:
                self.between = self._dispersion(logits)
        return equations

    def _weighted(self, logits: Sequence[float]) -> list[WeightedRow]:
        found = []
        for one, columns, logit in zip(self._rows, self._columns, logits, strict=True):
            rate = 1 / (1 + math.exp(-logit))
            spread = rate * (1 - rate)
            weight = one.copies * spread / (1 + (one.copies - 1) * self.between)
            value = logit + (min(one.responses, one.copies) / one.copies - rate) / spread
            found.append(WeightedRow(columns, weight, value))
        return found

    def _dispersion(self, logits: Sequence[float]) -> float:
        """The correlation within a message at which what is left over is as large as it should be."""
        left = []
        for one, logit in zip(self._rows, logits, strict=True):
            rate = 1 / (1 + math.exp(-logit))
            expected = one.copies * rate
            left.append((one.copies, (min(one.responses, one.copies) - expected) ** 2 / (expected * (1 - rate))))

        def excess(between: float) -> float:
            return sum(square / (1 + (copies - 1) * between) for copies, square in left) - self.freedom

        if excess(0.0) <= 0:
            return 0.0
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        return high

    def contrast(self, trait: Trait) -> list[float]:
        """The trait against none; of an exclusive kind against the other values, as common as they are."""
        found = [0.0] * len(self._penalties)
        found[self._first + self.traits.index(trait)] = 1.0
        if trait.exclusive:
            rest = {
                place: having
                for place, (other, having) in enumerate(zip(self.traits, self._having, strict=True), self._first)
                if other.kind == trait.kind and other != trait
            }
            for place, having in rest.items():
                found[place] = -having / sum(rest.values())
        return found

    def estimate(self, trait: Trait) -> tuple[float, float]:
        """Log odds and their standard error."""
        contrast = self.contrast(trait)
        value = sum(share * part for share, part in zip(contrast, self._equations.solution, strict=True))
        return value, math.sqrt(self._equations.variance(contrast))


def _judged(fit: _Fit) -> dict[Trait, _Found]:
    raw = {trait: fit.estimate(trait) for trait in fit.traits}
    chances = {trait: _chance(value / error, fit.freedom) for trait, (value, error) in raw.items()}
    sure = _discovered(chances)
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for trait, one in raw.items():
        by_kind.setdefault(trait.kind, []).append(one)
    spreads = {kind: _spread(some, [*raw.values()]) for kind, some in by_kind.items()}
    found = {}
    for trait, (value, error) in raw.items():
        variance = spreads[trait.kind] ** 2
        kept = variance / (variance + error * error)
        middle, half = kept * value, _Z95 * math.sqrt(kept) * error
        found[trait] = _Found(middle - half, middle + half, chances[trait], trait in sure)
    return found


def _chance(ratio: float, freedom: int) -> float:
    """Two-sided, of Student's distribution, by the normal one (D. L. Wallace, 1959)."""
    size = freedom * math.log1p(ratio * ratio / freedom)
    scaled = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(max(size, 0.0))
    return 2 * (1 - _NORMAL.cdf(scaled)) if scaled < _FAR else 0.0


def _discovered(chances: Mapping[Trait, float]) -> set[Trait]:
    ordered = sorted(chances, key=lambda trait: chances[trait])
    last = 0
    for number, trait in enumerate(ordered, 1):
        if chances[trait] <= LEVEL * number / len(ordered):
            last = number
    return set(ordered[:last])


def _spread(some: Sequence[tuple[float, float]], every: Sequence[tuple[float, float]]) -> float:
    """How far true effects of a kind lie apart, of what was found less what is noise; a kind of few asks them all."""
    asked = some if len(some) >= _OF_A_KIND else every
    weights = [error**-4 for _, error in asked]
    excess = sum(
        weight * (value * value - error * error) for weight, (value, error) in zip(weights, asked, strict=True)
    )
    return math.sqrt(max(excess / sum(weights), _LEAST_SPREAD**2))


def _effect(rows: Sequence[TriedMessage], trait: Trait, others: int, found: _Found | None) -> Effect:
    mine = [one for one in rows if trait in one.traits]
    known = Effect(
        kind=trait.kind,
        value=trait.value,
        certainty="little",
        messages=len(mine),
        others=others,
        copies=sum(one.copies for one in mine),
        responses=sum(one.responses for one in mine),
    )
    if found is None:
        return known
    total, hits = sum(one.copies for one in rows), sum(min(one.responses, one.copies) for one in rows)
    base = math.log(hits / (total - hits))
    middle = (found.low + found.high) / 2
    rates = [1 / (1 + math.exp(-base - effect)) for effect in (middle, found.low, found.high)]
    return msgspec.structs.replace(
        known,
        certainty="sure" if found.sure else "open",
        odds=math.exp(middle),
        low=math.exp(found.low),
        high=math.exp(found.high),
        rate=rates[0],
        rate_low=rates[1],
        rate_high=rates[2],
        chance=found.chance,
    )
