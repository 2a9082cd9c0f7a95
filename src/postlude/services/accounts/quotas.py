"""How much a user may submit, whichever way: single mail from the web app counts like mail through the relay."""

from collections.abc import Mapping
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import InputError
from postlude.store import Store

_WINDOWS: Final = (("hour", 3600), ("day", 86_400))


def check_quota(store: Store, clock: Clock, settings: Mapping[str, int], user: int, recipients: int) -> None:
    """Raise InputError when one more message to so many recipients is over what the user may submit.

    `settings` and the user's own limits name `messages_per_hour`, `recipients_per_day` and so on; 0: no limit.
    """
    limits = {**settings, **(store.accounts.user(user).limits or {})}
    if not any(limits.values()):
        return
    now = clock.now()
    sent = store.accounts.submitted_between(user, now - _WINDOWS[-1][1] * MICROS_PER_SECOND, now)
    for window, seconds in _WINDOWS:
        inside = [count for at, count in sent if at >= now - seconds * MICROS_PER_SECOND]
        for things, used, more in (("messages", len(inside), 1), ("recipients", sum(inside), recipients)):
            limit = limits.get(f"{things}_per_{window}", 0)
            if limit and used + more > limit:
                raise InputError(
                    f"this login may send {limit:,} {things} within one {window} and has sent {used:,}: "
                    "wait, or ask the operator for a higher limit (postlude user limits)"
                )
