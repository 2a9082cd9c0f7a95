"""The address in the sender that a user typed for a campaign."""

from postlude.model.address import AddressError
from postlude.model.mailboxes import read_one_mailbox
from postlude.store.campaigns.rows import Campaign


def campaign_sender(campaign: Campaign) -> str:
    """The sender's address, its domain in A-labels; empty while there is none."""
    try:
        return read_one_mailbox(campaign.sender).spelled
    except AddressError:
        return ""
