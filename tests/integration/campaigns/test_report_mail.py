"""The mail that a report goes out with."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from postlude.model.role import Role
from postlude.services.campaigns.report_mail import report_mails
from postlude.services.campaigns.report_plans import DueReport, Occasion, ReportPlan
from postlude.store import User
from support.past_campaigns import HOUR_US, past_campaign

from .conftest import World


@pytest.fixture
def owner(world: World) -> User:
    found = world.store.accounts.first_user()
    assert found is not None
    return found


def _mails(
    world: World, owner: User, members: tuple[int, ...], name: str = "Größe\r\nBcc: x@example.com"
) -> list[EmailMessage]:
    made = past_campaign(world.store, owner.id, name, 1000 * HOUR_US, 60, {"opened": 30})
    plan = ReportPlan(id=1, user=owner.id, occasion=Occasion.AGE, hours=24, recipients=members)
    due = DueReport(plan, [made], 0, 1)
    found = report_mails(world.store, due, "https://mail.example.org", 5)
    return [message_from_bytes(raw, policy=policy.default) for _, _, raw in found]


def test_each_member_gets_a_mail_of_their_own(world: World, owner: User) -> None:
    bob = world.store.accounts.create_user("bob@example.org", created_at=2)
    gone = world.store.accounts.create_user("gone@example.org", created_at=3)
    world.store.accounts.set_disabled(gone.id, 5)
    mails = _mails(world, owner, (owner.id, bob.id, gone.id, 99))
    assert [mail["To"] for mail in mails] == ["owner@example.org", "bob@example.org"]


def test_who_became_a_viewer_mails_no_reports(world: World, owner: User) -> None:
    other = world.store.accounts.create_user("other@example.org", created_at=2)
    assert len(_mails(world, other, (owner.id,))) == 1
    world.store.accounts.set_role(other.id, Role.VIEWER)
    assert _mails(world, other, (owner.id,)) == []


def test_it_has_the_rates_and_the_report(world: World, owner: User) -> None:
    [mail] = _mails(world, owner, (owner.id,))
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Opened: 50.0 % (30 of 60; 95 % certain: 37.7 to 62.3 %)" in text
    assert "https://mail.example.org/campaigns/" in text
    [pdf] = mail.iter_attachments()
    assert pdf.get_content().startswith(b"%PDF")
    assert mail["X-Postlude-Opens"] == "off"


def test_a_name_adds_no_header(world: World, owner: User) -> None:
    [mail] = _mails(world, owner, (owner.id,))
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Report: Größe Bcc: x@example.com, after 24 h"


def test_an_encoded_word_in_a_name_adds_no_header(world: World, owner: User) -> None:
    [mail] = _mails(world, owner, (owner.id,), "=?utf-8?q?x=0D=0ABcc:_eve@example.net?=")
    assert mail["Bcc"] is None


def test_without_a_campaign_nothing_is_sent(world: World, owner: User) -> None:
    plan = ReportPlan(id=1, user=owner.id, occasion=Occasion.WEEKLY, recipients=(owner.id,))
    assert report_mails(world.store, DueReport(plan, [], 0, 1), "https://mail.example.org", 5) == []
