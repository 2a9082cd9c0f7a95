"""What must be true at the end, kept as plainly as can be: lists of what people did and what they were answered."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

REPEATING: Final = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


class Key(NamedTuple):
    """What tells one request's event from all others: every connection has an address of its own."""

    kind: str
    recipient: str
    position: int
    address: str


@dataclass
class Asked:
    """One request that carried a genuine token and asks to be counted."""

    key: Key
    agent: str
    ahead: int
    """How far the edge's clock was ahead."""
    sent: int
    answered: int | None = None
    lost: bool = False
    """Something of the edge's was reported lost between the request and its answer, or it said itself that it was."""

    @property
    def sure(self) -> bool:
        """It was answered, and not reported lost: it must be counted."""
        return self.answered is not None and not self.lost


@dataclass
class Submitted:
    """One message somebody handed in."""

    recipients: tuple[str, ...]
    accepted: int = 0
    """The id that came with the 250; 0: none came."""


@dataclass
class Model:
    """Everything people know."""

    asked: list[Asked] = field(default_factory=list)
    submitted: list[Submitted] = field(default_factory=list)
    forged: int = 0
    checked: set[Key] = field(default_factory=set)
    """What may be noted of requests that must not count."""
    deaths: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that were not as they must be."""
