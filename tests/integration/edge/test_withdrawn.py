"""Withdrawn tracking and stopped links act on mail that was sent before."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from postlude.edge import EdgeConfig, revoked, write_revoked
from postlude.edge.answer import GIF

from .conftest import COPY, DESTINATION, MESSAGE, RunningEdge, Start


async def _endpoint(start: Start, tmp_path: Path) -> tuple[RunningEdge, Path]:
    path = tmp_path / "revoked.bin"
    return await start(EdgeConfig(revoked=path)), path


async def test_opens_and_clicks_are_served_and_not_recorded(start: Start, tmp_path: Path) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    await endpoint.get(endpoint.link)  # known by heart from now on
    write_revoked(path, opens=[COPY, 5, 2**62], clicks=[7])
    endpoint.edge.refresh()
    assert (await endpoint.get(endpoint.pixel)).body == GIF
    assert endpoint.counts() == {"stored": 1, "revoked": 1}
    write_revoked(path, opens=[], clicks=[7, COPY])
    endpoint.edge.refresh()
    assert (await endpoint.get(endpoint.link)).headers["location"] == DESTINATION
    await endpoint.get(endpoint.pixel)
    assert [hit.endpoint for hit in endpoint.hits()] == ["link", "pixel"]


async def test_a_stopped_and_a_replaced_link(start: Start, tmp_path: Path) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    await endpoint.get(endpoint.link)
    for replacement, status, where in (("https://new.example/", 302, "https://new.example/"), ("", 410, None)):
        write_revoked(path, [], [], {(1, MESSAGE, 2): replacement})
        endpoint.edge.refresh()
        answer = await endpoint.get(endpoint.link)
        assert answer.status == status
        assert answer.headers.get("location") == where
    assert len(endpoint.hits()) == 1
    assert endpoint.counts() == {"stored": 1, "stopped": 2}


async def test_a_damaged_file_changes_nothing_and_is_told(start: Start, tmp_path: Path) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    write_revoked(path, [COPY], [])
    endpoint.edge.refresh()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    endpoint.edge.refresh()
    await endpoint.get(endpoint.pixel)
    assert endpoint.hits() == []
    assert b"is damaged" in (await endpoint.get("/healthz")).body


async def test_it_is_followed_within_five_seconds(start: Start, tmp_path: Path) -> None:

    endpoint, path = await _endpoint(start, tmp_path)
    write_revoked(path, [COPY], [])
    for _ in range(50):
        if len(endpoint.edge.core.revoked.now.opens):
            break
        await asyncio.sleep(0.1)
    await endpoint.get(endpoint.pixel)
    assert endpoint.hits() == []


async def test_a_choice_holds_at_the_edge_that_took_it_before_any_file_says_so(start: Start, tmp_path: Path) -> None:
    endpoint, _ = await _endpoint(start, tmp_path)
    await endpoint.get(endpoint.pixel)  # known by heart from now on
    await endpoint.get(endpoint.link)
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1")
    assert (await endpoint.get(endpoint.pixel)).body == GIF
    assert (await endpoint.get(endpoint.link)).headers["location"] == DESTINATION
    assert [hit.endpoint for hit in endpoint.hits()] == ["pixel", "link", "preferences"]


async def test_opens_alone_are_withdrawn_at_once(start: Start, tmp_path: Path) -> None:
    endpoint, _ = await _endpoint(start, tmp_path)
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1&clicks=1")
    await endpoint.get(endpoint.pixel)
    await endpoint.get(endpoint.link)
    assert [hit.endpoint for hit in endpoint.hits()] == ["preferences", "link"]


async def test_who_allows_again_is_recorded_again(start: Start, tmp_path: Path) -> None:
    endpoint, _ = await _endpoint(start, tmp_path)
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1")
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1&opens=1&clicks=1")
    await endpoint.get(endpoint.pixel)
    assert [hit.endpoint for hit in endpoint.hits()] == ["preferences", "preferences", "pixel"]


async def test_a_file_from_before_the_choice_does_not_undo_it(start: Start, tmp_path: Path) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1")
    write_revoked(path, [5], [5])
    endpoint.edge.refresh()
    await endpoint.get(endpoint.pixel)
    await endpoint.get(endpoint.link)
    assert [hit.endpoint for hit in endpoint.hits()] == ["preferences"]


async def test_a_much_later_file_has_the_last_word(start: Start, tmp_path: Path) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1")
    write_revoked(path, [5], [])  # allowed again meanwhile, at another edge
    in_two_hours = time.time() + 7200
    os.utime(path, (in_two_hours, in_two_hours))
    endpoint.edge.refresh()
    await endpoint.get(endpoint.pixel)
    assert [hit.endpoint for hit in endpoint.hits()] == ["preferences", "pixel"]


@pytest.mark.parametrize("which", ["unsubscribe", "preferences", "view"])
async def test_that_pages_are_looked_at_is_not_recorded_of_who_withdrew(
    start: Start, tmp_path: Path, which: str
) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    write_revoked(path, [COPY], [])
    endpoint.edge.refresh()
    answer = await endpoint.get(getattr(endpoint, which))
    assert answer.status == (410 if which == "view" else 200)
    assert endpoint.hits() == []
    assert endpoint.counts() == {"revoked": 1}


@pytest.mark.parametrize(
    ("which", "body"),
    [("unsubscribe", b"unsubscribe=1"), ("preferences", b"preferences=1"), ("preferences", b"erase=1")],
)
async def test_what_is_decided_by_who_withdrew_has_no_program_and_address(
    start: Start, tmp_path: Path, which: str, body: bytes
) -> None:
    endpoint, path = await _endpoint(start, tmp_path)
    write_revoked(path, [COPY], [])
    endpoint.edge.refresh()
    headers = {"User-Agent": "Thunderbird", "Accept-Language": "de", "Referer": "https://me.example/"}
    await endpoint.ask("POST", getattr(endpoint, which), headers, body)
    [hit] = endpoint.hits()
    assert hit.user_agent == ""
    assert hit.address == ""
    assert hit.headers == {}


@pytest.mark.parametrize("body", [b"preferences=1&clicks=1", b"erase=1"])
async def test_withdrawing_and_erasing_leave_no_program_and_address(endpoint: RunningEdge, body: bytes) -> None:
    await endpoint.ask("POST", endpoint.preferences, {"User-Agent": "Thunderbird"}, body)
    [hit] = endpoint.hits()
    assert hit.user_agent == ""
    assert hit.address == ""


async def test_what_is_remembered_of_choices_is_bounded(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoked, "_MOST_CHOSEN", 3)
    endpoint, _ = await _endpoint(start, tmp_path)
    for copy in range(1, 6):
        endpoint.edge.core.withdraw(copy, opens=False, clicks=True)
    assert [copy in endpoint.edge.core.revoked.now.opens for copy in range(1, 6)] == [False, False, True, True, True]
