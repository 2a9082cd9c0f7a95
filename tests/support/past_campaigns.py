"""Campaigns that were sent, with what became of their copies."""

from collections.abc import Mapping
from itertools import count

from sqlalchemy import update

from postlude.kit.ids import new_id
from postlude.model.event import Event
from postlude.model.words import CampaignStatus, EventKind, SendOutcome, Verdict, Via
from postlude.store import AttemptResult, Batch, Copy, Message, MessageContent, Store, Submission
from postlude.store.campaigns.rows import Campaign, CampaignOptions, Variant
from postlude.store.messages.tables import copies as stored_copies

HOUR_US = 3_600_000_000
_KINDS = {
    "opened": EventKind.OPENED,
    "clicked": EventKind.CLICKED,
    "replied": EventKind.REPLIED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
    "bounced": EventKind.BOUNCED,
    "complained": EventKind.COMPLAINED,
}
_numbers = count(1)


def past_campaign(  # noqa: PLR0917 - plain data
    store: Store,
    user: int,
    name: str,
    at: int,
    copies: int,
    done: Mapping[str, int],
    content: MessageContent | None = None,
    **options: object,
) -> Campaign:
    """One that began at `at`: of its copies so many were opened, bounced ..., the bounced ones from the end.

    Opens are an hour later, by Thunderbird; clicks two hours later, on link 0.
    """
    message, made = new_id(), new_id()
    campaign = Campaign(
        id=made, user=user, name=name, status=CampaignStatus.SENT, created_at=at, started_at=at, sender="a@example.org",
        options=CampaignOptions(**options),  # type: ignore[arg-type]  # of a test
    )  # fmt: skip
    subject = f"Subject of {name}"
    store.campaigns.add(campaign, [Variant(campaign=made, message=message, subject=subject, html="<p>Hi</p>")])
    row = Message(
        id=message, user=user, message_id="", subject=subject, sender="a@example.org", mail_from="a@example.org",
        via=Via.CAMPAIGN, created_at=at,
    )  # fmt: skip
    sent = [
        Copy(new_id(), message, f"p{number}@{'gmail.com' if number % 2 else 'example.net'}") for number in range(copies)
    ]
    events = []
    for what, number in done.items():
        some = sent[copies - number :] if what == "bounced" else sent[:number]
        later = 2 if what == "clicked" else 1
        facts = {"reason": "unknown_user"} if what == "bounced" else {"client": "Thunderbird"}
        events += [
            Event(next(_numbers), _KINDS[what], at + later * HOUR_US, message, one.id, 0, Verdict.HUMAN, facts=facts)
            for one in some
        ]
    attempts = [AttemptResult(one.id, SendOutcome.ACCEPTED, at, 1, 250, message=message) for one in sent]
    store.digest.apply(
        Batch(submissions=[Submission(row, (), tuple(sent), content, campaign.options.topics)], attempts=attempts)
    )
    with store.campaigns._database.write() as connection:
        connection.execute(update(stored_copies).where(stored_copies.c.message == message).values(campaign=made))
    store.digest.apply(Batch(events=events))
    return campaign
