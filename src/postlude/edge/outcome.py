"""Outcome of a request: exactly one, counted; nothing is dropped silently."""

from enum import StrEnum


class RequestOutcome(StrEnum):
    """The closed list `/healthz` counts by."""

    STORED = "stored"  # answered after its observation was durable
    LOST = "lost"  # served, but the disk refused the observation
    HEAD = "head"  # HEAD of a page: answered like GET, not stored
    REVOKED = "revoked"  # tracking was withdrawn: served, not recorded
    STOPPED = "stopped"  # the sender stopped or replaced the link: served, not recorded
    BAD_TOKEN = "bad_token"  # noqa: S105 - an outcome's name, not a secret
    FORGED_LINK = "forged_link"  # neither token nor destination is genuine: a plain page, no redirect
    REFUSED_LINK = "refused_link"  # signed, yet not a destination a browser should be sent to
    UNCONFIRMED = "unconfirmed"  # a POST without the field that means "yes"
    FILE = "file"  # robots.txt, favicon, well-known files
    NOTHING_TO_STORE = "nothing_to_store"  # a provider looked whether its endpoint is there
    HEALTH = "health"
    FAILED = "failed"  # a fault of ours: served as far as can be, logged
    OPTIONS = "options"
    WRONG_METHOD = "wrong_method"
    NOT_FOUND = "not_found"
    MALFORMED = "malformed"  # not HTTP/1
    TOO_LARGE = "too_large"  # header, URL or body over the limit
    TOO_SLOW = "too_slow"  # the request was not complete in time
    TOO_MANY = "too_many"  # no room for another connection


class Counts:
    """How often each outcome happened. Only the event loop adds to it."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(RequestOutcome, 0)

    def add(self, outcome: RequestOutcome, by: int = 1) -> None:
        """Count `by` requests that ended in `outcome`."""
        self._counts[outcome] += by

    def table(self) -> dict[str, int]:
        """All outcomes, also those that did not happen."""
        return {outcome.value: count for outcome, count in self._counts.items()}
