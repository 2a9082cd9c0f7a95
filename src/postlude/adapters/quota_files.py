"""What each login submitted within the last day: one small file a user, shared by all processes of a data folder.

Mail counts when it is accepted, by whichever process, and not when the digest comes to it: a burst passes no quota.
A file that cannot be used holds up no mail: what it should say is counted in memory, by each process for itself.
"""

import logging
import os
import re
import struct
import threading
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from postlude.adapters.smtp_client.rate_limits import DAY_S, Budget, RateLimits, SendSlot
from postlude.kit.clock import Clock, to_datetime
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import lock_file, make_folder, quarantine_file
from postlude.kit.regular_file import open_regular, read_file
from postlude.model.errors import QuotaError
from postlude.model.quota import Quota, TakeBack
from postlude.model.usage_slot import SLOT_S, slot_of

_ENTRY: Final = struct.Struct("<III")
_SLOTS_A_DAY: Final = DAY_S // SLOT_S
_MOST_BYTES: Final = 1 << 16
_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_MOST_TOLD: Final = 3
_PATIENCE_S: Final = 2.0  # with a process that hangs while it has a file
_OF_USER: Final = re.compile(r"[0-9a-f]{16}")

_log = logging.getLogger(__name__)


class _Used(NamedTuple):
    """What was accepted in one slot."""

    messages: int = 0
    recipients: int = 0


class QuotaFiles:
    """Counts by user, over hours and days that slide. Safe from any thread and beside other processes.

    A file is written with the mail it counts and not synced by itself: a machine that loses power may forget the last
    half minute. `default` holds for users without limits of their own.
    """

    def __init__(self, folder: Path, clock: Clock, default: Quota) -> None:
        self._folder: Final = folder
        self._clock: Final = clock
        self._default: Final = default
        self._lock: Final = threading.Lock()
        self._kept: Final[dict[int, dict[int, _Used]]] = {}
        """Of users whose file cannot be used."""

    def refusal(self, user: int, own: Mapping[str, int] | None, recipients: int) -> str:
        """Why one more message to so many recipients is too much, empty when it is not. Nothing is counted.

        `own` is what differs for this user.
        """
        quota = self._default.changed(own)
        if quota == Quota():
            return ""
        try:
            used = _read(read_file(self._path(user)))
        except OSError:
            used = self._kept.get(user, {})
        return _refusal(quota, used, self._clock.now(), recipients)

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

    def problems(self) -> list[str]:
        """Files that cannot be used, and what to do; mail of their users is taken, and counted in memory."""
        return [
            f"{file_trouble(error, path)}; or run `postlude doctor --repair`. Until then mail is taken, and "
            "counted by each process for itself"
            for path, error in self._unusable()[:_MOST_TOLD]
        ]

    def quarantine_unusable(self) -> list[Path]:
        """Rename what cannot be used, so that it is made again; returns the new names. OSError where that fails."""
        return [quarantine_file(path) for path, _ in self._unusable()]

    def _unusable(self) -> list[tuple[Path, OSError]]:
        root = self._folder
        if not (root.exists() or root.is_symlink()):
            return []
        try:
            files = sorted(path for path in root.iterdir() if _OF_USER.fullmatch(path.name))
        except OSError as error:
            return [(root, error)]
        found = []
        for path in files:
            try:
                os.close(open_regular(path, os.O_RDWR))
            except FileNotFoundError:
                continue
            except OSError as error:
                found.append((path, error))
        return found

    def _change(self, user: int, change: Callable[[dict[int, _Used]], None], slot: int) -> None:
        with self._lock:
            used = self._kept.get(user, {})
            try:
                make_folder(self._folder, _FOLDER_MODE)
                descriptor = lock_file(self._path(user), mode=_MODE, patience_s=_PATIENCE_S)
                try:
                    used = _more_of(used, _read(os.pread(descriptor, _MOST_BYTES, 0)))
                    now_used = _changed(used, change, slot)
                    stored = b"".join(_ENTRY.pack(at, *counts) for at, counts in sorted(now_used.items()))
                    os.pwrite(descriptor, stored, 0)
                    os.ftruncate(descriptor, len(stored))
                finally:
                    os.close(descriptor)
            except OSError as error:
                self._keep(user, _changed(used, change, slot), error)
            else:
                self._kept.pop(user, None)

    def _keep(self, user: int, used: dict[int, _Used], error: OSError) -> None:
        if user not in self._kept:
            _log.error("quotas are counted in memory: %s", file_trouble(error, self._path(user)))
        self._kept[user] = used

    def _path(self, user: int) -> Path:
        return self._folder / f"{user:016x}"


def _read(content: bytes) -> dict[int, _Used]:
    """Counts by slot; none of a file that is damaged, which the next message writes anew."""
    if len(content) % _ENTRY.size:
        return {}
    found = {at: _Used(messages, recipients) for at, messages, recipients in _ENTRY.iter_unpack(content)}
    return found if all(one < other for one, other in pairwise(found)) else {}


def _more_of(used: Mapping[int, _Used], others: Mapping[int, _Used]) -> dict[int, _Used]:
    """Of two counts of the same, what each has more of."""
    nothing = _Used()
    return {at: _Used(*map(max, used.get(at, nothing), others.get(at, nothing))) for at in used.keys() | others.keys()}


def _changed(used: Mapping[int, _Used], change: Callable[[dict[int, _Used]], None], slot: int) -> dict[int, _Used]:
    """After the change, without what is older than a day."""
    fresh = dict(used)
    change(fresh)
    return {
        at: counts
        for at, counts in fresh.items()
        if slot - _SLOTS_A_DAY - 1 <= at <= slot + _SLOTS_A_DAY and any(counts)
    }


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
