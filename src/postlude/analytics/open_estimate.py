"""How many of the copies were opened whose opening cannot be seen, with a 90 % interval.

Model, for one campaign. Knowable recipients open with chance p and respond (click or answer) with chance a; both are
counted. Unknowable ones open with chance f*p and respond with chance f*g*a: f is how much more readily they open, g how
much more readily they respond once they have opened. Their responses are counted as well, so that f*g is measured and f
is what remains when g is held near 1. Before anything is counted, log f is normal around 0 with a part that stays with
the recipients (LASTING) and one that changes from campaign to campaign (CHANGING), and log g with RESPONDING. Responses
of the same recipients to earlier campaigns move the lasting parts.

The spreads say that both kinds of people open within a factor of 1.6 of each other, nineteen times of twenty. They were
set before anything was measured, and results hardly depend on them: 0.1 and 0.25 instead of 0.15 and 0.2 made the mean
error of 1,000 campaigns larger by a fiftieth (bench/estimates.py).
"""

import math
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

LASTING: Final = 0.15
CHANGING: Final = 0.2
RESPONDING: Final = 0.07
LEVEL: Final = 0.9
"""Of the interval."""
LEAST_KNOWABLE: Final = 20
"""Copies that say whether they were opened; with fewer nothing is estimated."""
_PRIOR_COPIES: Final = 4.0  # how many copies the earlier rate of opens counts for
_PRIOR_RATE: Final = 0.3  # where there is no earlier one
_STEPS: Final = 41
_WIDTH: Final = 3.5  # standard deviations that the grids cover
_INNER: Final = 15


class PastResponses(msgspec.Struct, frozen=True, gc=False):
    """What the recipients of some copies did with earlier campaigns, all together."""

    copies: float = 0
    """Those of this campaign whose recipients had earlier ones."""
    delivered: float = 0
    """Earlier copies."""
    responded: float = 0
    opened: float = 0
    """By a person, as a pixel or a response showed."""


class OpenCounts(msgspec.Struct, frozen=True, gc=False):
    """Delivered copies of a campaign, by whether they say that they were opened."""

    knowable: float
    opened: float
    responded: float
    """Of the opened ones."""
    unknowable: float
    unknowable_opened: float
    """Opened for certain all the same: clicked, answered, or seen elsewhere."""
    unknowable_responded: float
    past_knowable: PastResponses = PastResponses()
    past_unknowable: PastResponses = PastResponses()


class OpenEstimate(msgspec.Struct, frozen=True, gc=False):
    """Copies opened, of those that do not say so."""

    unknowable: int
    """How many there are."""
    opened: int
    low: int
    high: int
    """The 90 % interval."""


class _Prior(NamedTuple):
    """Normal distribution of (log f, log g)."""

    f: float
    g: float
    var_f: float
    var_g: float
    covariance: float

    def g_given(self, log_f: float) -> tuple[float, float]:
        """Mean and variance of log g where log f is known."""
        slope = self.covariance / self.var_f
        return self.g + slope * (log_f - self.f), max(self.var_g - slope * self.covariance, 0.0)


def estimate_opens(counts: OpenCounts) -> OpenEstimate | None:
    """None where there is nothing to estimate, or too little to do it from."""
    if counts.unknowable < 1 or counts.knowable < LEAST_KNOWABLE:
        return None
    rate = _open_rate(counts)
    parts = list(_posterior(counts, rate))
    total = sum(weight for weight, _, _ in parts)
    mean = sum(weight * middle for weight, middle, _ in parts) / total

    def share_below(value: float) -> float:
        return sum(weight * _normal_below(value, middle, spread) for weight, middle, spread in parts) / total

    certain, most = counts.unknowable_opened, counts.unknowable
    low, high = (_quantile(share_below, share, certain, most) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return OpenEstimate(round(most), round(mean), math.floor(low), math.ceil(high))


def _open_rate(counts: OpenCounts) -> float:
    past = counts.past_knowable
    usual = past.opened / past.delivered if past.delivered >= LEAST_KNOWABLE else _PRIOR_RATE
    usual = min(max(usual, 0.01), 0.95)
    return (counts.opened + _PRIOR_COPIES * usual) / (counts.knowable + _PRIOR_COPIES)


def _posterior(counts: OpenCounts, rate: float) -> Iterator[tuple[float, float, float]]:
    """Over a grid of log f: weight, and mean and spread of the copies opened."""
    prior = _prior(counts)
    answers = (counts.responded + 0.5) / (counts.knowable + 1)
    answers_var = (1 - answers) / (counts.responded + 0.5)
    rate_var = (1 - rate) / max(counts.opened + _PRIOR_COPIES * rate, 0.5)
    response = min(answers / rate, 0.98)
    spread = math.sqrt(prior.var_f)
    for step in range(_STEPS):
        z = _WIDTH * (2 * step / (_STEPS - 1) - 1)
        log_f = prior.f + z * spread
        log_g, g_var = prior.g_given(log_f)
        weight = math.exp(-z * z / 2) * _likelihood(counts, answers, log_f + log_g, g_var + answers_var)
        chance = min(math.exp(log_f) * rate, 0.97)
        unanswered = chance * (1 - response) / (1 - chance * response)
        rest = counts.unknowable - counts.unknowable_opened
        middle = counts.unknowable_opened + rest * unanswered
        var = rest * unanswered * (1 - unanswered) + (rest * unanswered) ** 2 * rate_var
        yield weight, middle, math.sqrt(max(var, 1e-9))


def _prior(counts: OpenCounts) -> _Prior:
    """After the earlier campaigns: they show the lasting part of log f plus log g, with noise."""
    known, hidden = counts.past_knowable, counts.past_unknowable
    lasting, changing, responding = LASTING**2, CHANGING**2, RESPONDING**2
    if not (known.delivered and hidden.delivered and known.responded):
        return _Prior(0.0, 0.0, lasting + changing, responding, 0.0)
    ratio = (hidden.responded + 0.5) / (hidden.delivered + 1) / ((known.responded + 0.5) / (known.delivered + 1))
    campaigns = max(hidden.delivered / max(hidden.copies, 1.0), 1.0)
    noise = 1 / (hidden.responded + 0.5) + 1 / (known.responded + 0.5) + changing / campaigns
    total = lasting + responding + noise
    shown = math.log(ratio)
    return _Prior(
        f=lasting / total * shown,
        g=responding / total * shown,
        var_f=lasting + changing - lasting**2 / total,
        var_g=responding - responding**2 / total,
        covariance=-lasting * responding / total,
    )


def _likelihood(counts: OpenCounts, answers: float, log_ratio: float, variance: float) -> float:
    """Of the responses of the unknowable, their log ratio to the knowable being normal with this variance."""
    spread = math.sqrt(variance)
    hits, tries = counts.unknowable_responded, counts.unknowable
    total = 0.0
    for step in range(_INNER):
        z = _WIDTH * (2 * step / (_INNER - 1) - 1)
        chance = min(max(answers * math.exp(log_ratio + z * spread), 1e-9), 0.98)
        # Relative to the likelihood at the observed share: the rest is the same for every f.
        total += math.exp(
            -z * z / 2 + _log_likelihood(hits, tries, chance) - _log_likelihood(hits, tries, hits / tries)
        )
    return total


def _log_likelihood(hits: float, tries: float, chance: float) -> float:
    found = hits * math.log(chance) if hits else 0.0
    return found + ((tries - hits) * math.log1p(-chance) if tries > hits else 0.0)


def _normal_below(value: float, middle: float, spread: float) -> float:
    return 0.5 * math.erfc((middle - value) / (spread * math.sqrt(2)))


def _quantile(share_below: Callable[[float], float], share: float, low: float, high: float) -> float:
    for _ in range(40):
        middle = (low + high) / 2
        if share_below(middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2
