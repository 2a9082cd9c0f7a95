"""Files campaigns link to: downloads of exactly what lies there, and nothing else of the disk."""

from pathlib import Path

import pytest

from postlude.edge.config import EdgeConfig

from .conftest import RunningEdge, Start

FILE = "00c0ffee00c0ffee"
BODY = bytes(range(256)) * 4000


@pytest.fixture
async def served(start: Start, tmp_path: Path) -> RunningEdge:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / FILE).write_bytes(BODY)
    (tmp_path / "secret").write_text("secret")
    return await start(EdgeConfig(port=0, files=folder))


async def test_a_file_is_downloaded_under_its_name(served: RunningEdge) -> None:
    answer = await served.ask("GET", f"/f/{FILE}/spring%20sale%20%C3%A4.pdf?utm=1")
    assert answer.status == 200
    assert answer.body == BODY
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith('attachment; filename="spring sale _.pdf"; filename*=UTF-8')
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = await served.ask("HEAD", f"/f/{FILE}/x.pdf")
    assert head.status == 200
    assert head.body == b""
    assert head.headers["content-length"] == str(len(BODY))
    assert served.hits() == []  # the link that led here was counted


@pytest.mark.parametrize(
    "target",
    [f"/f/{FILE[:-1]}0/x", "/f/../secret/x", "/f/%2e%2e%2fsecret/x", "/f/", f"/f/{FILE.upper()}/x", "/f/secret"],
)
async def test_nothing_else_is_served(served: RunningEdge, target: str) -> None:
    answer = await served.ask("GET", target)
    assert answer.status == 404
    assert b"secret" not in answer.body


async def test_a_name_cannot_break_out_of_its_header(served: RunningEdge) -> None:
    answer = await served.ask("GET", f"/f/{FILE}/%0d%0aSet-Cookie:%20a=b%22.html")
    assert answer.status == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_only_get_and_head(served: RunningEdge) -> None:
    assert (await served.ask("POST", f"/f/{FILE}/x", {}, b"y")).status == 405


async def test_a_file_that_was_removed_is_not_served_from_memory(served: RunningEdge, tmp_path: Path) -> None:
    await served.ask("GET", f"/f/{FILE}/x.pdf")
    (tmp_path / "files" / FILE).unlink()
    assert (await served.ask("GET", f"/f/{FILE}/x.pdf")).status == 404


async def test_a_file_that_was_replaced_is_served_anew(served: RunningEdge, tmp_path: Path) -> None:
    await served.ask("GET", f"/f/{FILE}/x.pdf")
    (tmp_path / "files" / FILE).write_bytes(b"new")
    assert (await served.ask("GET", f"/f/{FILE}/x.pdf")).body == b"new"
