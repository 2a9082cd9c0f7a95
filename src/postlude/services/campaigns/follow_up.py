"""Writing again to those who did not open, or to those who clicked. Who answered is left alone."""

from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from postlude.kit.clock import Clock
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.segments.expression import Did, Not, Reference
from postlude.services.campaigns.drafts import copy_campaign
from postlude.services.segments.saved import narrowed
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign


class FollowUp(StrEnum):
    """Who is written to again."""

    NOT_OPENED = "not-opened"
    OPENED = "opened"
    CLICKED = "clicked"
    NOT_CLICKED = "not-clicked"


_SENT: Final = frozenset({CampaignStatus.SENDING, CampaignStatus.PAUSED, CampaignStatus.SENT, CampaignStatus.CANCELLED})


def follow_up(  # noqa: PLR0917 - plain data
    store: Store, folder: Path, clock: Clock, campaign: int, who: FollowUp, name: str = ""
) -> Campaign:
    """Create a draft to the given recipients of a campaign.

    The draft is a copy of that campaign, to be rewritten. Opens and clicks of machines do not count; a click or a reply
    counts as an open. The audience is evaluated again when the draft is sent, so later opens, clicks, replies and
    unsubscribes are respected.
    """
    found = store.campaigns.get(campaign)
    if found.status not in _SENT:
        raise InputError(f"a campaign that is {found.status.value} has no recipients to follow up: send it first")
    mailed, answered = Did("sent", campaign=Reference(id=campaign)), Did("replied", campaign=Reference(id=campaign))
    did = Did("opened" if "opened" in who else "clicked", campaign=Reference(id=campaign))
    made = copy_campaign(store, folder, clock, campaign, name or f"{found.name}: {who.value.replace('-', ' ')}")
    audience = narrowed(found.audience, mailed, Not(did) if who.startswith("not") else did, Not(answered))
    changed = msgspec.structs.replace(
        made, audience=audience, options=msgspec.structs.replace(made.options, follows=found.id)
    )
    store.campaigns.change(changed, store.campaigns.variants(made.id))
    return store.campaigns.get(made.id)
