"""The page with the clicks of each link beside it: whose it is, what it shows, and in which frame."""

from typing import TYPE_CHECKING

import pytest

from postlude.kit.ids import id_text
from postlude.model.words import CampaignStatus, MemberStatus
from postlude.services.campaigns.drafts import VariantContent, change_campaign, create_campaign
from postlude.store.contacts.rows import Audience

if TYPE_CHECKING:
    from support.web_world import World

HTML = '<p>Hi</p><a href="https://shop.example/lamps">Lamps</a> <a href="{{ unsubscribe_url }}">leave</a>'


@pytest.fixture
def path(world: "World") -> str:
    """Of the click map of a campaign of Alice's that is being sent."""
    store = world.deps.store
    news = store.lists.add("News", 1)
    store.lists.put_member(news.id, store.contacts.add("p@example.net", 1).id, MemberStatus.SUBSCRIBED, 1)
    made = create_campaign(store, world.deps.clock, world.alice, "December", "Alice <alice@example.org>")
    content = VariantContent(subject="Lamps", html=HTML, text="See https://shop.example/lamps {{ unsubscribe_url }}")
    change_campaign(store, made.id, {}, {"A": content}, Audience(lists=[news.id]))
    store.campaigns.move(made.id, {CampaignStatus.DRAFT}, CampaignStatus.SENDING)
    return f"/campaigns/{id_text(made.id)}/clicks"


def test_the_page_frames_the_mail(world: "World", path: str) -> None:
    page = world.client(world.alice).get(path)
    assert page.status_code == 200
    assert f'src="{path}/mail?variant=A&amp;part=html"' in page.text


@pytest.mark.parametrize("part", ["html", "text"])
def test_the_framed_mail_is_kept_in_its_sandbox(world: "World", path: str, part: str) -> None:
    framed = world.client(world.alice).get(f"{path}/mail?part={part}")
    assert "https://shop.example/lamps" in framed.text
    assert framed.headers["content-security-policy"].startswith("sandbox ")


@pytest.mark.parametrize("more", ["", "/mail"])
def test_it_is_for_its_owner_alone(world: "World", path: str, more: str) -> None:
    assert world.client(world.charlie).get(path + more).status_code == 404


@pytest.mark.parametrize("more", ["?variant=Q", "?part=script"])
def test_what_it_does_not_have_is_not_found(world: "World", path: str, more: str) -> None:
    assert world.client(world.alice).get(path + more).status_code == 404


def test_a_template_that_cannot_be_rendered_says_why(world: "World", path: str) -> None:
    store = world.deps.store
    (campaign,) = store.campaigns.latest()
    change = {"A": VariantContent(html="{% if %}{{ unsubscribe_url }}")}
    store.campaigns.move(campaign.id, {CampaignStatus.SENDING}, CampaignStatus.DRAFT)
    change_campaign(store, campaign.id, {}, change)
    store.campaigns.move(campaign.id, {CampaignStatus.DRAFT}, CampaignStatus.SENDING)
    assert "The mail cannot be shown" in world.client(world.alice).get(f"{path}/mail").text
