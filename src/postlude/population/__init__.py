"""A population of recipients with known truth: what their mail programs and filters ask for after a mailing.

Pure and seeded. It knows nothing of the rules that judge hits, so that they can be measured with it.
"""

from postlude.population.decisions import Fate, SimulatedMailing, decide_fate
from postlude.population.filters import FILTERS, Filter
from postlude.population.readers import READINGS, Reader, draw_readers
from postlude.population.requests import Doer, SimulatedRequest, requests_of

__all__ = [
    "FILTERS",
    "READINGS",
    "Doer",
    "Fate",
    "Filter",
    "Reader",
    "SimulatedMailing",
    "SimulatedRequest",
    "decide_fate",
    "draw_readers",
    "requests_of",
]
