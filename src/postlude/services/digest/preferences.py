"""What was chosen on a preferences page, from the facts the edge journaled with the hit."""

from typing import Final

import msgspec

from postlude.kit.ids import parse_id
from postlude.model.event import Event
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint
from postlude.services.digest.item import Meaning
from postlude.store import DataRequest, PreferenceChoice

ERASE: Final = "erase"
REPORT: Final = "report"
DECIDING: Final = frozenset({HitEndpoint.UNSUBSCRIBE, HitEndpoint.PREFERENCES})
"""Endpoints where a recipient decides something: they count even if nothing may be recorded."""
_DECIDED: Final = frozenset({"how", "scope", "by", "opens", "clicks", "lists", ERASE, REPORT})


def is_erasure(seen: object) -> bool:
    """Whether an observation asks to erase what was recorded before it."""
    return isinstance(seen, Hit) and seen.endpoint is HitEndpoint.PREFERENCES and ERASE in seen.facts


def leaves_no_trace(hit: Hit) -> bool:
    """Whether who decides so does not want to be recorded: who withdraws opens, or erases."""
    return ERASE in hit.facts or hit.facts.get("opens") == "off"


def bare(hit: Hit) -> Hit:
    """What was decided, without from where and with what."""
    facts = {name: value for name, value in hit.facts.items() if name in _DECIDED}
    return msgspec.structs.replace(hit, user_agent="", address="", headers={}, facts=facts)


def chosen(hit: Hit, event: Event) -> Meaning:
    """What one POST of a preferences page, whose event is `event`, means."""
    facts, choice = hit.facts, None
    if "opens" in facts and "clicks" in facts:
        evidence = f"{facts.get('by', 'preferences page')}, copy {hit.copy:016x}"
        opens, clicks = facts["opens"] == "on", facts["clicks"] == "on"
        choice = PreferenceChoice(hit.copy, opens, clicks, hit.at, evidence, _lists(facts.get("lists", "")))
    return Meaning(
        events=(event,),
        choice=choice,
        request=DataRequest(hit.copy, hit.at) if REPORT in facts else None,
        erase=hit.copy if ERASE in facts else 0,
    )


def _lists(text: str) -> tuple[tuple[int, bool], ...]:
    """`ID+,ID-` as the edge writes it."""
    reported = ((parse_id(each[:-1]), each[-1:] == "+") for each in text.split(",") if each)
    return tuple((number, on) for number, on in reported if number is not None)
