"""How much one login may submit: what a quota counts, named in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Protocol


@dataclass(frozen=True)
class Quota:
    """What one login may submit; 0: no limit. The settings `POSTLUDE_RELAY_*` and users' own limits have its names."""

    messages_per_hour: int = 0
    messages_per_day: int = 0
    recipients_per_hour: int = 0
    recipients_per_day: int = 0

    def changed(self, own: Mapping[str, int] | None) -> "Quota":
        """With the limits of one user in place of the usual ones."""
        return Quota(**{name: (own or {}).get(name, getattr(self, name)) for name in LIMITS})


class TakeBack(Protocol):
    """Takes back what was counted for a message that was not accepted."""

    def __call__(self) -> None:
        """Done when it returns; StorageError."""
        ...


LIMITS: Final = tuple(each.name for each in fields(Quota))
"""What a quota limits, by name."""
