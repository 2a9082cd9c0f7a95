"""Messages whose responses are drawn from known effects of their traits, and from nothing else."""

import math
import random
from collections.abc import Mapping
from typing import Final

from postlude.analytics.content_effects import Trait, TriedMessage

PLANTED: Final = {"0": 0.3, "1": -0.3, "2": 0.4, "3": -0.4, "4": 0.5}
"""Log odds of traits that matter."""
_WEEKDAYS: Final = {"Monday": 0.35, "Tuesday": 0.0, "Wednesday": 0.0, "Thursday": 0.0}


def draw_messages(  # noqa: PLR0917 - plain numbers
    seed: int,
    messages: int = 400,
    nothings: int = 100,
    copies: int = 5_000,
    spread: float = 0.3,
    planted: Mapping[str, float] = PLANTED,
) -> list[TriedMessage]:
    """Four groups whose readers differ; the planted traits are more common in the keener ones, as in life.

    `nothings` traits have no effect; alike messages differ by a normal distribution of `spread` on log odds.
    """
    chance = random.Random(seed)
    shares = [chance.uniform(0.1, 0.5) for _ in range(nothings)]
    return [_draw(chance, shares, planted, copies, spread) for _ in range(messages)]


def _draw(
    chance: random.Random, shares: list[float], planted: Mapping[str, float], copies: int, spread: float
) -> TriedMessage:
    group = chance.randrange(4)
    traits = {Trait("nothing", str(number)) for number, share in enumerate(shares) if chance.random() < share}
    logit = -3.2 + 0.6 * group + chance.gauss(0, spread)
    for name, effect in planted.items():
        if chance.random() < 0.2 + 0.15 * group:
            traits.add(Trait("planted", name))
            logit += effect
    day = chance.choice(list(_WEEKDAYS))
    traits.add(Trait("weekday", day, exclusive=True))
    logit += _WEEKDAYS[day]
    number = 1 + int(copies * chance.lognormvariate(0, 0.7))
    rate = 1 / (1 + math.exp(-logit))
    hits = round(chance.gauss(number * rate, math.sqrt(number * rate * (1 - rate))))
    return TriedMessage(str(group), frozenset(traits), min(number, max(0, hits)), number)
