"""Events: what an observation means, with the verdict and its reasons."""

from typing import Final

import msgspec

from postlude.model.words import EventKind, Verdict

WHY: Final = "why"
"""The fact that says what a rule over several hits counted: `9 links in 0.4 s`."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One meaning of one observation for one copy (or for none: copy 0, when unmatched)."""

    id: int
    """From the journal position and the ordinal within the observation: the same on every replay."""
    kind: EventKind
    at: int
    """When it was seen, microseconds since the epoch."""
    message: int
    copy: int
    position: int = -1
    """Link position, -1 where there is none."""
    verdict: Verdict = Verdict.UNKNOWN
    reasons: tuple[str, ...] = ()
    """Ids of the rules that spoke, strongest first."""
    rules_version: int = 0
    facts: dict[str, str] = {}
    """What a person wants to see beside it: url, code, text, user_agent, client, evidence ... Never changed."""
    address: str = ""
    """The visitor's address in the form the privacy setting allowed."""
    workspace: int = 1
    first_verdict: Verdict | None = None
    """The verdict it had first; only of a correction, which takes the place of the event with the same id."""
    cause: str = ""
    """Why it was judged again: `later-hits`, `late-facts` (of its copy) or `reclassify`; empty for a first verdict."""


LATER_HITS: Final = "later-hits"
LATE_FACTS: Final = "late-facts"
RECLASSIFY: Final = "reclassify"


def corrected(
    event: Event, verdict: Verdict, reasons: tuple[str, ...], *, why: str, rules_version: int, cause: str
) -> Event:
    """The event with another verdict: a whole row that takes its place. `why`: what was counted."""
    facts = {name: value for name, value in event.facts.items() if name != WHY}
    return msgspec.structs.replace(
        event,
        verdict=verdict,
        reasons=reasons,
        rules_version=rules_version,
        facts=facts | ({WHY: why} if why else {}),
        first_verdict=event.first_verdict or event.verdict,
        cause=cause,
    )
