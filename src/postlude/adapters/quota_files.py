"""What each login submitted within the last day: one small file a user, shared by all processes of a data folder.

Mail counts when it is accepted, by whichever process, and not when the digest comes to it: a burst passes no quota.
"""

import os
import struct
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from postlude.adapters.smtp_client.rate_limits import DAY_S, Budget, RateLimits, SendSlot
from postlude.kit.clock import Clock, to_datetime
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import lock_file
from postlude.model.errors import QuotaError, StorageError
from postlude.model.quota import Quota, TakeBack
from postlude.model.usage_slot import SLOT_S, slot_of

_ENTRY: Final = struct.Struct("<III")
_SLOTS_A_DAY: Final = DAY_S // SLOT_S
_MOST_BYTES: Final = 1 << 16
_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700


class _Used(NamedTuple):
    """What was accepted in one slot."""

    messages: int = 0
    recipients: int = 0


class QuotaFiles:
    """Counts by user, over hours and days that slide. Safe from any thread and beside other processes.

    A file is written with the mail it counts and not synced by itself: a machine that loses power may forget the last
    half minute. `default` is what holds where nothing else is said of a user.
    """

    def __init__(self, folder: Path, clock: Clock, default: Quota) -> None:
        self._folder: Final = folder
        self._clock: Final = clock
        self._default: Final = default

    def refusal(self, user: int, own: Mapping[str, int] | None, recipients: int) -> str:
        """Why one more message to so many recipients is too much, empty when it is not. Nothing is counted.

        `own` is what differs for this user.
        """
        quota = self._default.changed(own)
        if quota == Quota():
            return ""
        try:
            content = self._path(user).read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise self._failed(user, error) from error
        return _refusal(quota, _read(content), self._clock.now(), recipients)

    def take(self, user: int, own: Mapping[str, int] | None, recipients: int) -> TakeBack:
        """Count one message to so many recipients; what is returned takes that back, when it was not accepted.

        QuotaError when it is too much: then nothing is counted.
        """
        now = self._clock.now()
        quota = self._default.changed(own)

        def added(used: dict[int, _Used]) -> None:
            if text := _refusal(quota, used, now, recipients):
                raise QuotaError(text)
            _add(used, slot_of(now), 1, recipients)

        self._change(user, added, slot_of(now))
        return lambda: self._change(user, lambda used: _add(used, slot_of(now), -1, -recipients), slot_of(now))

    def _change(self, user: int, change: Callable[[dict[int, _Used]], None], slot: int) -> None:
        try:
            self._folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            descriptor = lock_file(self._path(user), mode=_MODE)
            try:
                used = _read(os.pread(descriptor, _MOST_BYTES, 0))
                change(used)
                kept = b"".join(
                    _ENTRY.pack(at, *counts)
                    for at, counts in sorted(used.items())
                    if slot - _SLOTS_A_DAY - 1 <= at <= slot + _SLOTS_A_DAY and any(counts)
                )
                os.pwrite(descriptor, kept, 0)
                os.ftruncate(descriptor, len(kept))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._failed(user, error) from error

    def _path(self, user: int) -> Path:
        return self._folder / f"{user:016x}"

    def _failed(self, user: int, error: OSError) -> StorageError:
        return StorageError(file_trouble(error, self._path(user)))


def _read(content: bytes) -> dict[int, _Used]:
    """Counts by slot; none of a file that is damaged, which the next message writes anew."""
    if len(content) % _ENTRY.size:
        return {}
    found = {at: _Used(messages, recipients) for at, messages, recipients in _ENTRY.iter_unpack(content)}
    return found if all(one < other for one, other in pairwise(found)) else {}


def _add(used: dict[int, _Used], slot: int, messages: int, recipients: int) -> None:
    there = used.get(slot, _Used())
    used[slot] = _Used(max(there.messages + messages, 0), max(there.recipients + recipients, 0))


def _refusal(quota: Quota, used: Mapping[int, _Used], now: int, recipients: int) -> str:
    messages = Budget(
        "this login", RateLimits(per_hour=quota.messages_per_hour, per_day=quota.messages_per_day), "messages"
    )
    messages.set_used({slot: counts.messages for slot, counts in used.items()})
    people = Budget(
        "this login", RateLimits(per_hour=quota.recipients_per_hour, per_day=quota.recipients_per_day), "recipients"
    )
    people.set_used({slot: counts.recipients for slot, counts in used.items()})
    slot = max(messages.next(now), people.next(now, recipients))
    return _sentence(slot, now) if slot.at > now else ""


def _sentence(slot: SendSlot, now: int) -> str:
    at = to_datetime(slot.at)
    when = f"{at:%H:%M}" if at.date() == to_datetime(now).date() else f"{at:%Y-%m-%d %H:%M}"
    return f"Quota: {slot.why}; try again after {when} UTC, or ask for a higher limit (postlude user limits)"
