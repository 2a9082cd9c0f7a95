"""How many copies a server may be given, and when: rates, hourly and daily limits, a warm-up."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from postlude.kit.clock import MICROS_PER_SECOND, Until, to_datetime
from postlude.model.usage_slot import SLOT_S

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
_SLOT: Final = SLOT_S * MICROS_PER_SECOND
_DAY: Final = DAY_S * MICROS_PER_SECOND


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Limits of one server; 0 and empty mean: no limit."""

    per_second: float = 0.0
    per_hour: int = 0
    per_day: int = 0
    warm_up: tuple[int, ...] = ()
    """Copies per day on the first, second ... day; afterwards `per_day` alone applies."""
    warm_up_from: int = 0
    """When the first day began, microseconds."""

    @property
    def counted(self) -> bool:
        """Whether it matters what was sent before this process began."""
        return bool(self.per_hour or self.per_day or self.warm_up)

    def daily(self, at: int) -> int:
        """Copies within 24 hours at that time; 0: no limit."""
        day = (at - self.warm_up_from) // _DAY
        today = self.warm_up[max(day, 0)] if self.warm_up and day < len(self.warm_up) else 0
        return min(filter(None, (self.per_day, today)), default=0)

    def most_a_day(self, at: int) -> float:
        """Copies that all limits together allow within 24 hours; 0: no limit."""
        return min(filter(None, (self.daily(at), self.per_hour * 24, self.per_second * DAY_S)), default=0)


class SendSlot(NamedTuple):
    """When the next copy may be sent, and which limit delays it."""

    at: int
    why: str


class Budget:
    """Usage and remaining allowance of one server. Not thread-safe."""

    def __init__(self, name: str, limits: RateLimits, things: str = "copies") -> None:
        self.limits = limits
        self._things = things
        self.name: Final = name
        self._counts: dict[int, int] = {}
        self._free = Until()
        self._pace = int(MICROS_PER_SECOND / limits.per_second) if limits.per_second else 0

    def next(self, now: int, copies: int = 1) -> SendSlot:
        """When this many more may be sent: `now` or later."""
        limits = self.limits
        slot = SendSlot(
            max(now, self._free.at(now)), f"{self.name} takes {limits.per_second:g} {self._things} a second"
        )
        if limits.per_hour:
            slot = max(slot, self._window(now, copies, HOUR_S, limits.per_hour))
        if daily := limits.daily(now):
            slot = max(slot, self._window(now, copies, DAY_S, daily))
        return slot

    def _window(self, now: int, copies: int, seconds: int, limit: int) -> SendSlot:
        """When the window has room for `copies`."""
        first, last = (now - seconds * MICROS_PER_SECOND) // _SLOT, now // _SLOT + 1
        # Slots ahead of the clock were counted before it was set back: they must not stop sending until then.
        inside = sorted(slot for slot in self._counts if first <= slot <= last)
        over = sum(self._counts[slot] for slot in inside) - limit + copies
        at = now
        for slot in inside:
            if over <= 0:
                break
            over -= self._counts[slot]
            at = (slot + 1) * _SLOT + seconds * MICROS_PER_SECOND
        if over > 0 and copies > limit:  # never within one window: then one at a time, as `next(now, 1)` allows
            at = max(at, now + seconds * MICROS_PER_SECOND)
        return SendSlot(at, f"{self.name} takes {limit:,} {self._things} {'an hour' if seconds == HOUR_S else 'a day'}")

    def take(self, now: int, copies: int = 1) -> int:
        """Count copies that are sent at the returned time, the next slot of the rate."""
        at = max(now, self._free.at(now))
        self._free.set(now, at + self._pace)
        if self.limits.counted:
            self._counts[now // _SLOT] = self._counts.get(now // _SLOT, 0) + copies
        return at

    def refund(self, slot: int) -> None:
        """The copy counted in `slot` was not sent after all."""
        if self._counts.get(slot):
            self._counts[slot] -= 1

    def used(self, now: int) -> int:
        """Copies within the last 24 hours."""
        return sum(count for slot, count in self._counts.items() if (now - _DAY) // _SLOT <= slot <= now // _SLOT)

    def set_used(self, counts: Mapping[int, int]) -> None:
        """Usage by all workers, by slot."""
        self._counts = dict(counts)


class Gate:
    """Connections and rate towards one destination domain."""

    def __init__(self, connections: int, per_second: float) -> None:
        self._connections = asyncio.Semaphore(connections) if connections else None
        self._pace = int(MICROS_PER_SECOND / per_second) if per_second else 0
        self._free = Until()
        self.users = 0

    def idle(self, now: int) -> bool:
        """Whether forgetting it changes nothing."""
        return not self.users and self._free.at(now) <= now

    def next(self, now: int) -> int:
        """When one more may begin, as far as the rate goes."""
        return max(now, self._free.at(now))

    def take(self, now: int) -> int:
        """The next slot of the rate."""
        at = max(now, self._free.at(now))
        self._free.set(now, at + self._pace)
        return at

    async def enter(self, seconds: float) -> bool:
        """Wait for a connection; False when none became free in time."""
        if self._connections is None:
            return True
        try:
            async with asyncio.timeout(seconds):
                await self._connections.acquire()
        except TimeoutError:
            return False
        return True

    def leave(self) -> None:
        """Call it after `enter` returned True."""
        if self._connections is not None:
            self._connections.release()


def forecast(budgets: Sequence[Budget], copies: int, now: int) -> tuple[float, str]:
    """Seconds, and a sentence, for `copies` copies through these servers; (0, "") when one of them has no limit."""
    if not budgets or any(not budget.limits.most_a_day(now) for budget in budgets):
        return 0.0, ""
    names = " and ".join(budget.name for budget in budgets)
    first = sum(budget.limits.most_a_day(now) for budget in budgets)
    left = copies - max(0.0, first - sum(budget.used(now) for budget in budgets if budget.limits.counted))
    if left <= 0:
        seconds = copies / first * DAY_S if all(budget.limits.per_second for budget in budgets) else 0.0
        return seconds, f"{copies:,} copies are within what {names} takes a day ({first:,.0f})."
    days = 1
    while left > 0:
        left -= sum(budget.limits.most_a_day(now + days * _DAY) for budget in budgets)
        days += 1
    until = to_datetime(now + (days - 1) * _DAY)
    growing = " and more every day" if any(budget.limits.warm_up for budget in budgets) else ""
    return (days - 1.0) * DAY_S, (
        f"{names} takes {first:,.0f} copies a day{growing}: {copies:,} copies are spread over {days} days, "
        f"the last ones leave about {until:%Y-%m-%d %H:%M} UTC."
    )
