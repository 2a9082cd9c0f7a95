"""What was chosen on a preferences page, from the facts the edge journaled with the hit."""

from typing import Final

import msgspec

from postlude.kit.ids import parse_id
from postlude.model.observation import Hit
from postlude.model.words import HitFace
from postlude.services.digest.item import Item
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
        evidence = f"{facts.get('by', 'preferences page')}, copy {hit.copy:016x}"
        opens, clicks = facts["opens"] == "on", facts["clicks"] == "on"
        item.choice = Choice(hit.copy, opens, clicks, hit.at, evidence, _lists(facts.get("lists", "")))
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


def _lists(text: str) -> tuple[tuple[int, bool], ...]:
    """`ID+,ID-` as the edge writes it."""
    said = ((parse_id(each[:-1]), each[-1:] == "+") for each in text.split(",") if each)
    return tuple((number, on) for number, on in said if number is not None)
