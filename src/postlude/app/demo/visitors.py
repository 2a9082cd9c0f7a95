"""What recipients of the demo read their mail with: the requests that real programs make, and when."""

from collections.abc import Iterator, Mapping
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple

from postlude.app.demo.clock import DAY, HOUR, MINUTE
from postlude.kit.clock import MICROS_PER_SECOND

_MORNING: Final = 7
_NIGHT: Final = 22
_SLEEP: Final = 9 * HOUR


class Client(NamedTuple):
    """A program that asks for pixels and links."""

    user_agent: str
    address: str
    """In the truncated form that is kept; from the networks for documentation (RFC 5737, RFC 3849)."""
    facts: Mapping[str, str] = MappingProxyType({})


_CHROME: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)
_SAFARI: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
_THUNDERBIRD: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.6.0"
_GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"

CHROME: Final = Client(_CHROME, "203.0.113.0/24")
SAFARI: Final = Client(_SAFARI, "198.51.100.0/24")
THUNDERBIRD: Final = Client(_THUNDERBIRD, "192.0.2.0/24")
GMAIL_PROXY: Final = Client(_GMAIL, "203.0.113.0/24")
APPLE_PROXY: Final = Client("Mozilla/5.0", "2001:db8::/48", {"apple_egress": "1"})
SCANNER: Final = Client(_CHROME, "198.51.100.0/24", {"network": "microsoft_filtering"})


class Habit(NamedTuple):
    """How one person's mail is read: what opens it, what follows a link, what else asks."""

    opens_with: Client
    clicks_with: Client
    apple: bool = False
    """Apple's proxy fetches the pictures soon after delivery, even for a mail that is never read."""
    scanned: bool = False
    """A filter at the employer follows every link before the mail is shown."""


_HABITS: Final = (
    (Habit(CHROME, CHROME), 26),
    (Habit(THUNDERBIRD, CHROME), 18),
    (Habit(GMAIL_PROXY, CHROME), 26),
    (Habit(SAFARI, SAFARI, apple=True), 20),
    (Habit(CHROME, CHROME, scanned=True), 10),
)


class Visit(NamedTuple):
    """One request to come."""

    at: int
    client: Client
    link: int
    """Which link of the mail is followed; -1: the pixel."""


def habit_of(chance: Random) -> Habit:
    """Draw one."""
    return chance.choices([habit for habit, _ in _HABITS], [weight for _, weight in _HABITS])[0]


def visits(habit: Habit, chance: Random, delivered: int, links: int, interest: float) -> Iterator[Visit]:
    """What is asked for after one delivery; `interest` is how likely the person opens it, 0 to 1."""
    if habit.scanned:
        for link in range(links):
            yield Visit(delivered + chance.randrange(1, 5) * MICROS_PER_SECOND // 2, SCANNER, link)
    if habit.apple:
        yield Visit(delivered + chance.randrange(1, 30) * MINUTE, APPLE_PROXY, -1)
    if chance.random() > interest:
        return
    at = _awake(delivered + int(chance.expovariate(1 / 9.0) * HOUR) + 2 * MINUTE)
    if not habit.apple:
        yield Visit(at, habit.opens_with, -1)
    if links and chance.random() < 0.2 + interest / 4:
        yield Visit(at + chance.randrange(10, 90) * MICROS_PER_SECOND, habit.clicks_with, chance.randrange(links))
    if not habit.apple and chance.random() < interest / 3:
        yield Visit(_awake(at + chance.randrange(180, 4200) * MINUTE), habit.opens_with, -1)


def _awake(at: int) -> int:
    """The same moment, or in the morning when it lies in the night."""
    hour = at % DAY // HOUR
    return at if _MORNING <= hour < _NIGHT else at + _SLEEP
