"""Events: what an observation means, with the verdict and its reasons."""

import msgspec

from postlude.model.words import EventKind, Verdict


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
