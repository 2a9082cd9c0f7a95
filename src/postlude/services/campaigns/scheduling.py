"""Scheduling a campaign: from here on its content and its audience's rule are fixed."""

from typing import Final

from postlude.kit.clock import Clock
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.content import Contents, message_rows
from postlude.services.campaigns.preview import page_for_browsers
from postlude.services.campaigns.sender import campaign_owner
from postlude.services.served_files import write_durably
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign

_WINDOWS: Final = {"hour": 3600, "day": 86_400}
UNDO_SECONDS: Final = 10
"""Delay of a campaign that is sent from the browser; until then it can be undone."""


def schedule_campaign(store: Store, contents: Contents, clock: Clock, campaign: int, at: int | None = None) -> Campaign:
    """Schedule a draft for `at` (None: at once); returns the campaign.

    The limits an operator set for its user hold for its recipients; the relay's usual ones are for single mail alone.
    Every variant is compiled first: on InputError (including TemplateError) the draft stays unchanged. The schedule is
    durable when this returns, whether or not a sending process runs.
    """
    found, now = store.campaigns.get(campaign), clock.now()
    user = campaign_owner(store, found)
    rows, files = [], store.campaigns.files(campaign)
    for variant in store.campaigns.variants(campaign):
        if not variant.html.strip() and not variant.text.strip():
            raise InputError(f"variant {variant.name} has no content; add HTML, MJML or text")
        compiled = contents.examine(found, variant, contents.policy(found))
        rows.append(message_rows(found, variant, compiled, files, now))
        page = page_for_browsers(contents, found, variant)
        if page and contents.views is not None:
            write_durably(contents.views / f"{id_text(variant.message)}.html", page.encode())
    expected = store.contacts.audience_count(audience_at(store, found, now))
    if not expected:
        raise InputError(
            "the audience is empty: choose lists, tags or everyone, and check which addresses are suppressed"
        )
    own = user.limits or {}
    most = {seconds: own.get(f"recipients_per_{window}", 0) for window, seconds in _WINDOWS.items()}
    if not store.campaigns.fix(campaign, rows, now if at is None else at, expected, most):
        raise InputError(f"the campaign is {found.status.value} already: only a draft can be scheduled")
    return store.campaigns.get(campaign)
