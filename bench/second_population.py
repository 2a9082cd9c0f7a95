"""Another population, on other assumptions than `postlude.population`: for measuring estimates, nothing else.

Recipients belong to circles (customers, partners, the curious, the lapsed). A circle has its own habits and its own
share of Apple and of blocked images; interest is a logistic score, clicks depend on it too, and the campaign's appeal
shifts both. Nothing is shared with the first population: not the draws, not the shapes, not the code.
"""

import math
import random

CIRCLES = {
    # share, mean score, spread, Apple, blocked
    "customers": (0.3, -0.2, 0.8, 0.45, 0.03),
    "partners": (0.15, 0.4, 0.6, 0.2, 0.12),
    "curious": (0.35, -1.2, 1.0, 0.5, 0.05),
    "lapsed": (0.2, -2.6, 0.9, 0.4, 0.08),
}


def logistic(score):
    return 1 / (1 + math.exp(-score))


class Audience:
    """Recipients who get one campaign after another."""

    def __init__(self, count, seed):
        self.chance = random.Random(f"second {seed}")
        self.people = []
        names = list(CIRCLES)
        for _ in range(count):
            circle = self.chance.choices(names, [CIRCLES[name][0] for name in names])[0]
            _, mean, spread, apple, blocked = CIRCLES[circle]
            drawn = self.chance.random()
            images = "apple" if drawn < apple else "blocked" if drawn < apple + blocked else "seen"
            self.people.append((images, self.chance.gauss(mean, spread), self.chance.gauss(-2.2, 0.7)))

    def campaign(self, times):
        """(images, opened, responded, loaded by Apple) of each; the unknowable open `times` as much."""
        chance = self.chance
        appeal, call = chance.gauss(0, 0.35), chance.gauss(0, 0.3)
        for images, interest, clicking in self.people:
            likely = logistic(interest + appeal) * (times if images != "seen" else 1.0)
            opened = chance.random() < min(likely, 0.97)
            responded = opened and chance.random() < logistic(clicking + call + 0.3 * interest)
            yield images, opened, responded, images == "apple" and chance.random() < 0.95
