"""What tests of segments share."""

from typing import Final

from postlude.kit.ids import new_id
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Variant

NOW: Final = 1_780_000_000_000_000
DAY: Final = 86_400_000_000


class Standing:
    """A clock that stands."""

    def now(self) -> int:
        return NOW


CLOCK: Final = Standing()


def campaign(store: Store, name: str) -> Campaign:
    """A draft of this name."""
    made = Campaign(id=new_id(), user=1, name=name, created_at=NOW)
    store.campaigns.add(made, [Variant(campaign=made.id, message=new_id())])
    return store.campaigns.get(made.id)
