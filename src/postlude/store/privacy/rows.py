"""Recipients' choices, as plain data."""

from array import array  # noqa: TC003 - annotations of a NamedTuple are needed at run time
from typing import NamedTuple

import msgspec


class Withdrawal(msgspec.Struct, frozen=True):
    """A recipient's withdrawal of tracking."""

    address: str
    opens: bool
    """True: opens are not to be recorded."""
    clicks: bool
    at: int = 0
    evidence: str = ""
    copy: int | None = None
    """The copy whose preferences page was used."""


class TrackingStatement(msgspec.Struct, frozen=True, gc=False):
    """One word of an address about tracking. True: not to be recorded from `at` on."""

    at: int
    opens: bool
    clicks: bool


class PreferenceChoice(msgspec.Struct, frozen=True, gc=False):
    """The choice made on the preferences page of one copy; applies to the copy's address."""

    copy: int
    opens: bool
    """May be recorded."""
    clicks: bool
    at: int
    evidence: str
    lists: tuple[tuple[int, bool], ...] = ()
    """Lists joined (True) and left."""


class DataRequest(msgspec.Struct, frozen=True):
    """Request to see what is stored about the address of a copy."""

    copy: int
    at: int


class OpenRequest(msgspec.Struct, frozen=True):
    """A request that was not answered yet."""

    address: str
    copy: int
    at: int


class LinkChange(msgspec.Struct, frozen=True):
    """A link that leads elsewhere since the mail left, or nowhere (empty url)."""

    kind: int
    """`tokens.Kind` of the copies' tokens."""
    scope: int
    position: int
    url: str
    at: int = 0


class Revocations(NamedTuple):
    """Withdrawals and changed links, for the edge."""

    opens: "array[int]"
    """Copies whose opens are not recorded, unordered."""
    clicks: "array[int]"
    links: dict[tuple[int, int, int], str]
