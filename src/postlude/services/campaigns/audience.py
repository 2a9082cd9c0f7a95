"""The audience of a campaign as it is at one moment."""

import msgspec

from postlude.services.segments.settling import settled
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign
from postlude.store.contacts.rows import Audience


def audience_at(store: Store, campaign: Campaign, now: int) -> Audience:
    """The audience as the store takes it; InputError when its segment names what is gone."""
    audience = campaign.audience
    if audience.segment is None:
        return audience
    return msgspec.structs.replace(audience, segment=settled(store, audience.segment, now))
