"""Withdrawn tracking and stopped links act on mail that was sent before."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from postlude.edge import EdgeConfig, revoked, write_revoked
from postlude.edge.answer import GIF

from .conftest import COPY, DESTINATION, MESSAGE, Face, Start


async def _face(start: Start, tmp_path: Path) -> tuple[Face, Path]:
    path = tmp_path / "revoked.bin"
    return await start(EdgeConfig(revoked=path)), path


async def test_opens_and_clicks_are_served_and_not_recorded(start: Start, tmp_path: Path):
    face, path = await _face(start, tmp_path)
    await face.get(face.link)  # known by heart from now on
    write_revoked(path, opens=[COPY, 5, 2**62], clicks=[7])
    face.edge.refresh()
    assert (await face.get(face.pixel)).body == GIF
    assert face.counts() == {"stored": 1, "revoked": 1}
    write_revoked(path, opens=[], clicks=[7, COPY])
    face.edge.refresh()
    assert (await face.get(face.link)).headers["location"] == DESTINATION
    await face.get(face.pixel)
    assert [hit.face for hit in face.hits()] == ["link", "pixel"]


async def test_a_stopped_and_a_replaced_link(start: Start, tmp_path: Path):
    face, path = await _face(start, tmp_path)
    await face.get(face.link)
    for replacement, status, where in (("https://new.example/", 302, "https://new.example/"), ("", 410, None)):
        write_revoked(path, [], [], {(1, MESSAGE, 2): replacement})
        face.edge.refresh()
        answer = await face.get(face.link)
        assert (answer.status, answer.headers.get("location")) == (status, where)
    assert len(face.hits()) == 1
    assert face.counts() == {"stored": 1, "stopped": 2}


async def test_a_damaged_file_changes_nothing_and_is_told(start: Start, tmp_path: Path):
    face, path = await _face(start, tmp_path)
    write_revoked(path, [COPY], [])
    face.edge.refresh()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    face.edge.refresh()
    await face.get(face.pixel)
    assert face.hits() == []
    assert b"is damaged" in (await face.get("/healthz")).body


async def test_it_is_followed_within_five_seconds(start: Start, tmp_path: Path):

    face, path = await _face(start, tmp_path)
    write_revoked(path, [COPY], [])
    for _ in range(50):
        if len(face.edge.core.revoked.now.opens):
            break
        await asyncio.sleep(0.1)
    await face.get(face.pixel)
    assert face.hits() == []


async def test_a_choice_holds_at_the_edge_that_took_it_before_any_file_says_so(start: Start, tmp_path: Path):
    face, _ = await _face(start, tmp_path)
    await face.get(face.pixel)  # known by heart from now on
    await face.get(face.link)
    await face.ask("POST", face.preferences, body=b"preferences=1")
    assert (await face.get(face.pixel)).body == GIF
    assert (await face.get(face.link)).headers["location"] == DESTINATION
    assert [hit.face for hit in face.hits()] == ["pixel", "link", "preferences"]


async def test_opens_alone_are_withdrawn_at_once(start: Start, tmp_path: Path):
    face, _ = await _face(start, tmp_path)
    await face.ask("POST", face.preferences, body=b"preferences=1&clicks=1")
    await face.get(face.pixel)
    await face.get(face.link)
    assert [hit.face for hit in face.hits()] == ["preferences", "link"]


async def test_who_allows_again_is_recorded_again(start: Start, tmp_path: Path):
    face, _ = await _face(start, tmp_path)
    await face.ask("POST", face.preferences, body=b"preferences=1")
    await face.ask("POST", face.preferences, body=b"preferences=1&opens=1&clicks=1")
    await face.get(face.pixel)
    assert [hit.face for hit in face.hits()] == ["preferences", "preferences", "pixel"]


async def test_a_file_from_before_the_choice_does_not_undo_it(start: Start, tmp_path: Path):
    face, path = await _face(start, tmp_path)
    await face.ask("POST", face.preferences, body=b"preferences=1")
    write_revoked(path, [5], [5])
    face.edge.refresh()
    await face.get(face.pixel)
    await face.get(face.link)
    assert [hit.face for hit in face.hits()] == ["preferences"]


async def test_a_much_later_file_has_the_last_word(start: Start, tmp_path: Path):
    face, path = await _face(start, tmp_path)
    await face.ask("POST", face.preferences, body=b"preferences=1")
    write_revoked(path, [5], [])  # allowed again meanwhile, at another edge
    in_two_hours = time.time() + 7200
    os.utime(path, (in_two_hours, in_two_hours))
    face.edge.refresh()
    await face.get(face.pixel)
    assert [hit.face for hit in face.hits()] == ["preferences", "pixel"]


@pytest.mark.parametrize("which", ["unsubscribe", "preferences", "view"])
async def test_that_pages_are_looked_at_is_not_recorded_of_who_withdrew(start: Start, tmp_path: Path, which: str):
    face, path = await _face(start, tmp_path)
    write_revoked(path, [COPY], [])
    face.edge.refresh()
    answer = await face.get(getattr(face, which))
    assert answer.status == (410 if which == "view" else 200)
    assert face.hits() == []
    assert face.counts() == {"revoked": 1}


@pytest.mark.parametrize(
    ("which", "body"),
    [("unsubscribe", b"unsubscribe=1"), ("preferences", b"preferences=1"), ("preferences", b"erase=1")],
)
async def test_what_is_decided_by_who_withdrew_has_no_program_and_address(
    start: Start, tmp_path: Path, which: str, body: bytes
):
    face, path = await _face(start, tmp_path)
    write_revoked(path, [COPY], [])
    face.edge.refresh()
    headers = {"User-Agent": "Thunderbird", "Accept-Language": "de", "Referer": "https://me.example/"}
    await face.ask("POST", getattr(face, which), headers, body)
    [hit] = face.hits()
    assert (hit.user_agent, hit.address, hit.headers) == ("", "", {})


@pytest.mark.parametrize("body", [b"preferences=1&clicks=1", b"erase=1"])
async def test_withdrawing_and_erasing_leave_no_program_and_address(face: Face, body: bytes):
    await face.ask("POST", face.preferences, {"User-Agent": "Thunderbird"}, body)
    [hit] = face.hits()
    assert (hit.user_agent, hit.address) == ("", "")


async def test_what_is_remembered_of_choices_is_bounded(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(revoked, "_MOST_CHOSEN", 3)
    face, _ = await _face(start, tmp_path)
    for copy in range(1, 6):
        face.edge.core.withdraw(copy, opens=False, clicks=True)
    assert [copy in face.edge.core.revoked.now.opens for copy in range(1, 6)] == [False, False, True, True, True]
