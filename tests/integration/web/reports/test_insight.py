"""The page of what people respond to, its files, topics and rules."""

from typing import TYPE_CHECKING

import pytest

from postlude.kit.ids import id_text
from postlude.store import MessageContent
from support.past_campaigns import HOUR_US, past_campaign
from support.web_world import csrf_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from support.web_world import World

LOOK = MessageContent(
    words=120, links=3, images=0, designed=True, question=False, emoji=True, personalised=False
)  # fmt: skip


@pytest.fixture
def client(world: "World") -> "TestClient":
    for number in range(20):
        about = ("Prices & more",) if number % 2 else ()
        done = {"opened": 90, "clicked": 40 if number % 2 else 20}
        past_campaign(
            world.deps.store, world.alice.id, f"News {number}", number * HOUR_US, 200, done, LOOK, topics=about
        )
    past_campaign(world.deps.store, world.charlie.id, "Hers", HOUR_US, 20, {}, LOOK, topics=("Her topic",))
    return world.client(world.alice)


def test_a_sure_effect_is_shown_with_its_interval(client: "TestClient") -> None:
    page = client.get("/insight").text
    assert "about Prices &amp; more" in page
    assert "▲ more people do" in page
    assert "not enough yet" in page
    assert "Her topic" not in page
    assert client.get("/insight?response=replied").status_code == 200
    assert "Prices" in client.get("/insight/effects.csv").text


def test_a_rule_is_added_and_removed(world: "World", client: "TestClient") -> None:
    token = csrf_of(client.get("/compose").text)
    data = {"csrf": token, "topic": "First", "part": "subject", "holds": "news 1"}
    assert "subject holds <code>news 1</code>" in client.post("/insight/rules", data=data).text
    (rule,) = world.deps.store.content.rules(world.alice.id)
    page = client.post(f"/insight/rules/{id_text(rule.id)}/remove", data={"csrf": token}).text
    assert "news 1" not in page


def test_topics_are_set_for_a_whole_campaign_of_ones_own(world: "World", client: "TestClient") -> None:
    store = world.deps.store
    mine = store.content.newest(world.alice.id, 1 << 60, 1)[0].id
    hers = store.content.newest(world.charlie.id, 1 << 60, 1)[0].id
    data = {"csrf": csrf_of(client.get("/compose").text), "topics": "Garden, garden"}
    client.post(f"/messages/{id_text(mine)}/topics", data=data)
    assert [one.name for one in store.content.topics_of([mine])[mine]] == ["Garden"]
    assert client.post(f"/messages/{id_text(hers)}/topics", data=data).status_code == 404
