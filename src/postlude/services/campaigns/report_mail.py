"""The mail that a report goes out with: a table in words, and each campaign's report as PDF."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from postlude.compose.header import addressed, unstructured
from postlude.kit.clock import to_datetime
from postlude.kit.ids import id_text
from postlude.mail.purpose import PURPOSE_FIELD
from postlude.model.words import MessagePurpose
from postlude.services.campaigns.comparison import CampaignLine, campaign_table
from postlude.services.campaigns.report import report_of
from postlude.services.campaigns.report_pdf import RATE_NAMES, report_pdf
from postlude.services.campaigns.report_plans import DueReport, Occasion
from postlude.store import Store, User
from postlude.store.campaigns.rows import Campaign

_ATTACHED: Final = 10
"""Reports in one mail, the newest."""
_SHOWN: Final = {"above": ", above usual", "below": ", below usual", "": ""}


def report_mails(store: Store, due: DueReport, web_url: str, now: int) -> list[tuple[User, User, bytes]]:
    """Sender, recipient and mail for each member there is; none without a campaign, or if the owner may not send."""
    users = {one.id: one for one in store.accounts.list_users() if one.disabled_at is None}
    owner = users.get(due.plan.user)
    if owner is None or not owner.may_send or not due.campaigns:
        return []
    wanted = {id_text(one.id) for one in due.campaigns}
    lines = [one for one in campaign_table(store, owner.id).lines if one.campaign in wanted]
    subject, text = _subject(due), _text(due, lines, web_url)
    files = [(one, report_pdf(one, report_of(store, one), now)) for one in due.campaigns[:_ATTACHED]]
    return [
        (owner, users[member], _mail(owner, users[member], subject, text, files))
        for member in due.plan.recipients
        if member in users
    ]


def _mail(owner: User, member: User, subject: str, text: str, files: Sequence[tuple[Campaign, bytes]]) -> bytes:
    # Not by the library: it decodes an encoded word in a campaign's name, line ends too.
    head = addressed("From", ("", owner.address)) + addressed("To", ("", member.address))
    head += unstructured("Subject", subject)
    mail = EmailMessage(policy=SMTP)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing should answer it
    mail[PURPOSE_FIELD] = MessagePurpose.TRANSACTIONAL.value
    mail["X-Postlude-Opens"] = mail["X-Postlude-Clicks"] = "off"
    mail.set_content(text)
    for campaign, made in files:
        mail.add_attachment(made, maintype="application", subtype="pdf", filename=f"report-{id_text(campaign.id)}.pdf")
    return head + mail.as_bytes()


def _subject(due: DueReport) -> str:
    if due.plan.occasion is Occasion.AGE:
        return " ".join(f"Report: {due.campaigns[0].name}, after {due.plan.hours} h".split())
    count = len(due.campaigns)
    word = "week" if due.plan.occasion is Occasion.WEEKLY else "month"
    return f"Report of the {word}: {count} campaign{'' if count == 1 else 's'}"


def _text(due: DueReport, lines: Sequence[CampaignLine], web_url: str) -> str:
    parts = [f"Campaigns that began from {_day(due.since)} to {_day(due.until)} (UTC):"] * (len(lines) > 1)
    for line in lines:
        rows = [line.name, f"  {web_url}/campaigns/{line.campaign}", f"  {line.funnel.copies:,} copies"]
        for name, words in RATE_NAMES.items():
            one = line.rates[name]
            if one.rate.of:
                shown = f"{100 * one.rate.value:.1f} % ({one.rate.count:,} of {one.rate.of:,}"
                certain = f"95 % certain: {100 * one.rate.low:.1f} to {100 * one.rate.high:.1f} %)"
                rows.append(f"  {words}: {shown}; {certain}{_SHOWN[one.standing]}")
        parts.append("\n".join(rows))
    parts.append("You get this because a report by mail was set up in Postlude (Campaigns > Reports by mail).")
    return "\n\n".join(parts) + "\n"


def _day(at: int) -> str:
    return to_datetime(at).strftime("%-d %B %Y")
