"""Which DKIM keys a domain needs, and how their selectors are named."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from postlude.dkim import DkimKey
from postlude.kit.clock import to_datetime


class NewKey(NamedTuple):
    """A key to make."""

    algorithm: str
    selector: str


def missing_keys(there: Iterable[DkimKey], algorithms: Sequence[str], now: int) -> list[NewKey]:
    """One for each algorithm without a key. Selectors name month and algorithm, e.g. `pl202611r`: keys are rotated."""
    have = {key.algorithm for key in there}
    month = to_datetime(now).strftime("%Y%m")
    return [NewKey(each, f"pl{month}{each[0]}") for each in algorithms if each not in have]
