"""A campaign that was sent with a file to download."""

from pathlib import Path

from postlude.kit.ids import id_text, new_id
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.services.served_files import write_durably
from postlude.store import Batch, Link, Store, Submission
from postlude.store.campaigns.rows import Campaign, CampaignFile
from support.past_campaigns import HOUR_US, past_campaign


def sent_with_download(store: Store, folder: Path) -> Campaign:
    """A campaign with a brochure that two people and a machine asked for."""
    user = store.accounts.create_user("alice@example.org", created_at=1).id
    campaign = past_campaign(store, user, "News", HOUR_US, 4, {})
    file = CampaignFile(
        id=new_id(), campaign=campaign.id, name="a.pdf", content_type="application/pdf", size=3, hosted=True
    )  # fmt: skip
    store.campaigns.add_file(file, None)
    write_durably(folder / id_text(file.id), b"old")
    message = store.campaigns.variants(campaign.id)[0].message
    link = Link(message, 5, f"https://t.example.org/f/{id_text(file.id)}/a.pdf")
    row = store.messages.get(message)
    copies = store.messages.copies(message)
    verdicts = (Verdict.HUMAN, Verdict.HUMAN, Verdict.MACHINE)
    events = [
        Event(900 + number, EventKind.CLICKED, 9 * HOUR_US + number, message, copies[number].id, 5, verdict, facts={})
        for number, verdict in enumerate(verdicts)
    ]
    store.digest.apply(Batch(submissions=[Submission(row, (link,), ())], events=events))
    return campaign
