"""What was chosen on a preferences page, from the facts the edge journaled with the hit."""

from typing import Final

import msgspec

from postlude.model.observation import Hit
from postlude.model.words import HitFace
from postlude.services.interpret_items import Item
from postlude.store import Choice, DataRequest

ERASE: Final = "erase"
REPORT: Final = "report"
_KEPT_OF_AN_ERASURE: Final = frozenset({"page", ERASE})


def is_erasure(seen: object) -> bool:
    """Whether an observation asks to erase what was recorded before it."""
    return isinstance(seen, Hit) and seen.face is HitFace.PREFERENCES and ERASE in seen.facts


def choose(item: Item, hit: Hit) -> None:
    """Read one POST of a preferences page into the item, whose event is there already."""
    facts = hit.facts
    if "opens" in facts and "clicks" in facts:
        evidence = f"preferences page, copy {hit.copy:016x}"
        item.choice = Choice(hit.copy, facts["opens"] == "on", facts["clicks"] == "on", hit.at, evidence)
    if REPORT in facts:
        item.request = DataRequest(hit.copy, hit.at)
    if ERASE in facts:
        item.erase = hit.copy
        # Who erases leaves no new traces: that it was asked for is kept, from where and with what is not.
        item.events = tuple(
            msgspec.structs.replace(
                event, facts={name: value for name, value in event.facts.items() if name in _KEPT_OF_AN_ERASURE}
            )
            for event in item.events
        )
