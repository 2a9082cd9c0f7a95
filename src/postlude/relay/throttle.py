"""Delays, then refuses, wrong passwords, so that they cannot be guessed."""

from collections import OrderedDict
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock, Until
from postlude.model.domain_name import address_key

_FREE: Final = 5  # wrong passwords an address may give before it has to wait
_FIRST_PAUSE_S: Final = 30
_LONGEST_PAUSE_S: Final = 3600
_REMEMBERED: Final = 10_000
_LOGIN_CHARACTERS: Final = 100
_FIRST_ANSWER_S: Final = 0.5  # a wrong password is answered after this
_LAST_ANSWER_S: Final = 5.0
_SLOWER_EVERY: Final = 20  # wrong passwords of an address


class Throttle:
    """Counts wrong passwords by the address they came from and the login they were for; a right one clears it.

    Other logins from the same address are not refused: a whole office may share one address. A client that tries many
    logins gets slower answers instead. 128-bit app passwords cannot be guessed anyway: this keeps the log readable and
    the machine free.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], tuple[int, Until]] = OrderedDict()
        self._by_address: OrderedDict[str, int] = OrderedDict()

    def wait_s(self, address: str, login: str) -> int:
        """Seconds `address` has to wait before it may try `login` again, 0 when it may now."""
        known = self._failures.get((address, _kept(login)))
        now = self._clock.now()
        return 0 if known is None else max(0, -((now - known[1].at(now)) // MICROS_PER_SECOND))

    def failed(self, address: str, login: str) -> float:
        """A wrong password for `login` came from `address`; returns the seconds to wait with the answer."""
        key = (address, _kept(login))
        count, until = self._failures.pop(key, (0, Until()))
        count += 1
        pause = min(_FIRST_PAUSE_S << (count - _FREE), _LONGEST_PAUSE_S) if count >= _FREE else 0
        now = self._clock.now()
        until.set(now, now + pause * MICROS_PER_SECOND)
        self._failures[key] = (count, until)
        wrong = self._by_address.pop(address, 0) + 1
        self._by_address[address] = wrong
        for counted in (self._failures, self._by_address):
            while len(counted) > _REMEMBERED:
                counted.popitem(last=False)
        return min(_FIRST_ANSWER_S * (1 + wrong // _SLOWER_EVERY), _LAST_ANSWER_S)

    def passed(self, address: str, login: str) -> None:
        """A right password for `login` came from `address`."""
        self._failures.pop((address, _kept(login)), None)
        self._by_address.pop(address, None)


def _kept(login: str) -> str:
    return address_key(login[:_LOGIN_CHARACTERS])
