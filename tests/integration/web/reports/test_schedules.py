"""Reports by mail in the browser."""

from typing import TYPE_CHECKING

import pytest

from postlude.services.campaigns.report_plans import plans_of
from support.web_world import csrf_of

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from support.web_world import World

PAGE = "/reports/by-mail"


@pytest.fixture
def client(world: "World") -> "TestClient":
    return world.client(world.alice)


def _post(client: "TestClient", path: str = PAGE, **fields: str) -> int:
    token = csrf_of(client.get(PAGE).text)
    return client.post(path, data={"csrf": token, **fields}, follow_redirects=False).status_code


def test_a_plan_is_made_and_shown(world: "World", client: "TestClient") -> None:
    assert _post(client, occasion="age", hours="48", to="alice@example.org, charlie@example.org") == 303
    page = client.get(PAGE).text
    assert "48 h after a campaign began" in page
    assert "alice@example.org, charlie@example.org" in page
    assert plans_of(world.deps.store)[0].recipients == (world.alice.id, world.charlie.id)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"occasion": "weekly", "to": "stranger@example.com"}, "stranger@example.com is not a user"),
        ({"occasion": "age", "hours": "soon"}, "hours after a campaign began"),
        ({"occasion": "age", "hours": "9" * 5000}, "hours after a campaign began"),
        ({"occasion": "daily"}, "choose when"),
        ({"occasion": "weekly", "time_zone": "Nowhere"}, "is not a time zone"),
    ],
)
def test_what_cannot_be_is_said_at_the_form(client: "TestClient", fields: dict[str, str], words: str) -> None:
    token = csrf_of(client.get(PAGE).text)
    answer = client.post(PAGE, data={"csrf": token, **fields})
    assert answer.status_code == 400
    assert words in answer.text


def test_ones_own_plan_is_removed_and_no_other(world: "World", client: "TestClient") -> None:
    _post(client, occasion="weekly")
    [plan] = plans_of(world.deps.store)
    path = f"{PAGE}/{plan.id:016x}/remove"
    assert _post(world.client(world.charlie), path) == 404
    assert _post(client, path) == 303
    assert plans_of(world.deps.store) == []
