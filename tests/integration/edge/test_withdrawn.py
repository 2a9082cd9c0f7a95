"""Withdrawn tracking and stopped links act on mail that was sent before."""

import asyncio
from pathlib import Path

from postlude.edge import EdgeConfig, write_revoked
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
