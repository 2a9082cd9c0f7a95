"""Journal records and hits as tests of the digest want them."""

from postlude.journal import JournalRecord
from postlude.model.observation import Hit, Observation, encode_observation
from postlude.model.words import HitEndpoint
from postlude.services.digest.item import Item


def record(data: bytes, offset: int = 16) -> JournalRecord:
    """A record of the first writer's first segment."""
    return JournalRecord(1, 1, offset, data)


def item(seen: Observation, offset: int = 16) -> Item:
    """As the digest decodes it."""
    return Item(record(encode_observation(seen), offset), seen)


def hit(endpoint: HitEndpoint, copy: int = 10, at: int = 1_000, **facts: str) -> Hit:
    """Somebody at the edge."""
    method = "POST" if endpoint in {HitEndpoint.UNSUBSCRIBE, HitEndpoint.PREFERENCES, HitEndpoint.CONFIRM} else "GET"
    return Hit(at, endpoint, 1, 1, copy, -1, method, "Gecko", "192.0.2.0", {}, facts)
