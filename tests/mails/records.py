"""Journal records and hits as tests of the digest want them."""

from postlude.journal import JournalRecord
from postlude.model.observation import Attempt, Hit, Observation, encode_observation
from postlude.model.words import HitEndpoint, SendOutcome
from postlude.services.digest.item import Item


def record(data: bytes, offset: int = 16) -> JournalRecord:
    """A record of the first writer's first segment."""
    return JournalRecord(1, 1, offset, data)


def item(seen: Observation, offset: int = 16) -> Item:
    """As the digest decodes it."""
    return Item(record(encode_observation(seen), offset), seen)


def attempt(outcome: SendOutcome, at: int, text: str = "", phase: str = "end-of-data") -> Attempt:
    """What the next server answered for copy 10 of message 1."""
    code = {SendOutcome.ACCEPTED: 250, SendOutcome.DEFERRED: 451}.get(outcome, 550)
    enhanced = "5.1.1" if "no such user" in text else ""
    return Attempt(at, 1, 10, outcome, code, enhanced, text, "mx.example", phase, 1, 0)


def hit(endpoint: HitEndpoint, copy: int = 10, at: int = 1_000, **facts: str) -> Hit:
    """Somebody at the edge."""
    method = "POST" if endpoint in {HitEndpoint.UNSUBSCRIBE, HitEndpoint.PREFERENCES, HitEndpoint.CONFIRM} else "GET"
    return Hit(at, endpoint, 1, 1, copy, -1, method, "Gecko", "192.0.2.0", {}, facts)
