"""Data to take along: every format, and only one's own."""

from typing import TYPE_CHECKING

import pytest

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from support.parquet import parquet_rows
from support.past_campaigns import HOUR_US, past_campaign

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from postlude.history import History
    from support.web_world import World

FORMS = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "parquet": b"PAR1"}


@pytest.fixture
def client(world: "World", history: "History") -> "TestClient":
    """Alice and Charlie sent a campaign each, and each was opened once."""
    for number, user in enumerate((world.alice.id, world.charlie.id), 1):
        made = past_campaign(world.deps.store, user, f"News {number}", 500 * HOUR_US, 3, {"opened": 1})
        [variant] = world.deps.store.campaigns.variants(made.id)
        opened = Event(number, EventKind.OPENED, HOUR_US, variant.message, 5, -1, Verdict.HUMAN, (), 5)
        history.append([opened], {})
    world.deps.store.contacts.add("p0@example.net", 1)
    return world.client(world.alice)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "path", ["/exports/events", "/exports/copies", "/campaigns/results", "/contacts/export", "/suppressions/export"]
)
def test_everything_comes_in_every_format(client: "TestClient", path: str, form: str) -> None:
    answer = client.get(f"{path}.{form}")
    assert answer.status_code == 200
    assert answer.content.startswith(FORMS[form])
    assert answer.headers["content-disposition"].endswith(f'.{form}"')


def test_events_are_ones_own(client: "TestClient", tmp_path: "Path") -> None:
    path = tmp_path / "e.parquet"
    path.write_bytes(client.get("/exports/events.parquet").content)
    assert parquet_rows(path, "event, verdict") == [("opened", "human")]


def test_another_format_is_refused(client: "TestClient") -> None:
    assert client.get("/exports/events.xls").status_code == 400


def test_the_page_links_to_all(client: "TestClient") -> None:
    page = client.get("/exports").text
    assert page.count(" download>") == 15


def test_nothing_is_left_in_the_temporary_folder(
    client: "TestClient", tmp_path: "Path", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for form in FORMS:
        assert client.get(f"/exports/events.{form}").status_code == 200
    assert [one for one in tmp_path.iterdir() if one.name.startswith("postlude-")] == []
