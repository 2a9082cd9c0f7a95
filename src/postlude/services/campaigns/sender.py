"""Who a campaign is from: the address that a user typed, and whether that user may write as it."""

from postlude.mail.mailboxes import read_one_mailbox
from postlude.model.address import AddressError
from postlude.model.errors import InputError
from postlude.services.accounts.sender_rights import permitted_sender
from postlude.store import Store, User
from postlude.store.campaigns.rows import Campaign


def campaign_owner(store: Store, campaign: Campaign) -> User:
    """The user it belongs to; InputError unless that user may send it as it is, now.

    Rights end while a campaign waits: whoever schedules, tests, begins or resumes one asks again.
    """
    if not campaign.sender:
        raise InputError("the campaign has no sender; add one: Name <address@your-domain>")
    user = store.accounts.user(campaign.user)
    if user.disabled_at is not None:
        raise InputError(f"its user {user.address} is disabled: `postlude user enable {user.address}` undoes it")
    if not user.may_send:
        raise InputError(f"its user {user.address} has the role {user.role}, which does not send")
    permitted_sender(user.address, user.senders, campaign.sender)
    return user


def campaign_sender(campaign: Campaign) -> str:
    """The sender's address, its domain in A-labels; empty while there is none."""
    try:
        return read_one_mailbox(campaign.sender).spelled
    except AddressError:
        return ""
