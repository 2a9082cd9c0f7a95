"""The results of a campaign as files: every format, every part, and only one's own."""

from typing import TYPE_CHECKING

import pytest

from postlude.kit.ids import id_text
from support.past_campaigns import HOUR_US, past_campaign

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from support.web_world import World

FORMS = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "parquet": b"PAR1"}


@pytest.fixture
def client(world: "World") -> "TestClient":
    """Alice and Charlie sent a campaign each."""
    for number, user in enumerate((world.alice.id, world.charlie.id), 1):
        past_campaign(world.deps.store, user, f"News {number}", 500 * HOUR_US, 3, {"opened": 1})
    return world.client(world.alice)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["report", "recipients", "events"])
def test_a_campaign_comes_in_every_format(world: "World", client: "TestClient", what: str, form: str) -> None:
    [mine] = world.deps.store.campaigns.of_user(world.alice.id)
    [hers] = world.deps.store.campaigns.of_user(world.charlie.id)
    assert client.get(f"/campaigns/{id_text(mine.id)}/{what}.{form}").content.startswith(FORMS[form])
    assert client.get(f"/campaigns/{id_text(hers.id)}/{what}.{form}").status_code == 404


def test_one_part_of_a_report(world: "World", client: "TestClient") -> None:
    [mine] = world.deps.store.campaigns.of_user(world.alice.id)
    answer = client.get(f"/campaigns/{id_text(mine.id)}/report.csv?part=providers")
    assert answer.text.startswith("\ufeffprovider,copies")
    assert 'filename="report-' in answer.headers["content-disposition"]
    assert client.get(f"/campaigns/{id_text(mine.id)}/report.csv?part=colours").status_code == 404


def test_the_report_comes_as_pdf(world: "World", client: "TestClient") -> None:
    [mine] = world.deps.store.campaigns.of_user(world.alice.id)
    answer = client.get(f"/campaigns/{id_text(mine.id)}/report.pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
