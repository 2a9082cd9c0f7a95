"""A token opens what its mail showed it for, and nothing else."""

from pathlib import Path

import pytest

from postlude.edge import EdgeConfig
from postlude.edge.answer import GIF
from postlude.kit.ids import id_text
from postlude.model.words import HitEndpoint
from postlude.tokens import DEAD_TOKEN, Kind, Urls

from .conftest import CODEC, COPY, DESTINATION, MESSAGE, RunningEdge, Start

OLD = {Kind.MESSAGE: "AQEAAAAAAABCQgAAEjRWeJq8N3--pZ52ku_J", Kind.CAMPAIGN: "AQIAAAAAAABCQgAAEjRWeJq8cM3ee578KU1e"}
"""Minted with the same key for the same scope and copy, before a copy had two tokens."""
FORMS = {
    "u": [b"List-Unsubscribe=One-Click", b"unsubscribe=1", b""],
    "s": [b"erase=1", b"report=1", b"preferences=1", b"preferences=1&list-0000000000000001=no"],
}
FOR_EVER = 1 << 62


@pytest.fixture
def views(tmp_path: Path) -> Path:
    folder = tmp_path / "views"
    folder.mkdir()
    (folder / f"{id_text(MESSAGE)}.html").write_bytes(b"<p>Hello</p>")
    return folder


@pytest.mark.parametrize("prefix", ["u", "s", "v"])
async def test_a_pixel_or_link_token_opens_no_page(start: Start, views: Path, prefix: str) -> None:
    endpoint = await start(EdgeConfig(views=views))
    answer = await endpoint.get(f"/{prefix}/{endpoint.token}")
    assert answer.status == 404
    assert b"Hello" not in answer.body
    assert endpoint.hits() == []


@pytest.mark.parametrize(("prefix", "body"), [(prefix, body) for prefix, bodies in FORMS.items() for body in bodies])
async def test_a_pixel_or_link_token_decides_nothing(endpoint: RunningEdge, prefix: str, body: bytes) -> None:
    answer = await endpoint.ask("POST", f"/{prefix}/{endpoint.token}", {}, body, full=True)
    assert answer.status == 404
    assert endpoint.hits() == []


@pytest.mark.parametrize("full", [False, True])
async def test_the_token_of_a_page_is_no_open_and_no_click(endpoint: RunningEdge, full: bool) -> None:
    pixel = await endpoint.get(endpoint.act_token.join(endpoint.urls.pixel()), full=full)
    link = await endpoint.get(endpoint.act_token.join(endpoint.urls.link(2, DESTINATION)), full=full)
    assert pixel.body == GIF
    assert link.status == 404
    assert endpoint.hits() == []


@pytest.mark.parametrize("kind", Kind)
async def test_old_pixels_and_links_work_for_good(start: Start, kind: Kind) -> None:
    endpoint = await start(EdgeConfig(old_tokens_until=0))
    urls = Urls(CODEC, "", kind, MESSAGE)
    for _ in range(2):  # the second time from memory
        assert (await endpoint.get(OLD[kind].join(urls.pixel()))).body == GIF
        assert (await endpoint.get(OLD[kind].join(urls.link(2, DESTINATION)))).headers["location"] == DESTINATION
    assert [(hit.endpoint, hit.kind, hit.copy) for hit in endpoint.hits()] == [
        (HitEndpoint.PIXEL, kind, COPY),
        (HitEndpoint.LINK, kind, COPY),
    ] * 2


@pytest.mark.parametrize("kind", Kind)
async def test_an_old_token_unsubscribes_until_the_day(start: Start, kind: Kind) -> None:
    endpoint = await start(EdgeConfig(old_tokens_until=FOR_EVER))
    assert (await endpoint.ask("POST", f"/u/{OLD[kind]}", {}, b"List-Unsubscribe=One-Click")).status == 200
    assert [(hit.endpoint, hit.kind, hit.copy) for hit in endpoint.hits()] == [(HitEndpoint.UNSUBSCRIBE, kind, COPY)]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("prefix", ["u", "s", "v"])
async def test_after_the_day_an_old_token_opens_no_page_and_is_told_why(start: Start, kind: Kind, prefix: str) -> None:
    endpoint = await start(EdgeConfig(old_tokens_until=0))
    answer = await endpoint.ask("POST", f"/{prefix}/{OLD[kind]}", {}, b"unsubscribe=1&erase=1")
    assert answer.status == 404
    assert b"This link is too old" in answer.body
    assert endpoint.hits() == []


@pytest.mark.parametrize(("kind", "status"), [(Kind.MESSAGE, 404), (Kind.CAMPAIGN, 200)])
async def test_an_old_token_views_only_where_its_mail_showed_a_view(
    start: Start, views: Path, kind: Kind, status: int
) -> None:
    endpoint = await start(EdgeConfig(views=views, old_tokens_until=FOR_EVER))
    assert (await endpoint.get(f"/v/{OLD[kind]}")).status == status


async def test_a_page_opened_with_an_old_token_hands_out_no_new_one(start: Start, views: Path) -> None:
    (views / f"{id_text(MESSAGE)}.html").write_text(f"<a href=/u/{'preview'.ljust(36, '-')}>leave</a>")
    endpoint = await start(EdgeConfig(views=views, old_tokens_until=FOR_EVER))
    old = OLD[Kind.CAMPAIGN]
    assert (await endpoint.get(f"/v/{old}")).body.decode() == f"<a href=/u/{old}>leave</a>"


def _linked(endpoint: RunningEdge, token: str, destination: str) -> str:
    return token.join(endpoint.urls.link(2, destination))


@pytest.mark.parametrize(
    "destination",
    [
        "https://t.example.org/v/{act}?x=1",
        "https://t.example.org/u/{act}x",
        "https://shop.example/?back=https%3A%2F%2Ft.example.org%2Fs%2F{act}",
        "https://shop.example/?back=https%253A%252F%252Ft.example.org%252Fs%252F{act}&b=1",
        "https://shop.example/{act}{act}#{act}",
    ],
)
async def test_a_tracked_link_hands_out_no_token_that_acts(endpoint: RunningEdge, destination: str) -> None:
    """Mail that was sent while such links were tracked still has them."""
    for full in (True, False):
        for _ in range(2):  # the second time from memory
            path = _linked(endpoint, endpoint.token, destination.replace("{act}", endpoint.act_token))
            answer = await endpoint.get(path, full=full)
            assert answer.status == 302
            assert answer.headers["location"] == destination.replace("{act}", DEAD_TOKEN)


async def test_nor_one_that_is_spelled_in_another_way(endpoint: RunningEdge) -> None:
    spelled = f"%{ord(endpoint.act_token[0]):02X}{endpoint.act_token[1:]}"
    answer = await endpoint.get(_linked(endpoint, endpoint.token, f"https://shop.example/{spelled}"))
    assert answer.status == 404
    assert "location" not in answer.headers


async def test_the_page_behind_it_says_where_to_go_instead(endpoint: RunningEdge) -> None:
    for prefix in ("u", "s", "v"):
        answer = await endpoint.get(f"/{prefix}/{DEAD_TOKEN}?x=1")
        assert answer.status == 404
        assert b"This page is personal" in answer.body


@pytest.mark.parametrize("kind", Kind)
async def test_an_old_link_leads_on_to_its_own_old_token_and_to_no_others(start: Start, kind: Kind) -> None:
    """The token in the link acts as well until the day: hiding it behind the redirect hides nothing."""
    endpoint = await start(EdgeConfig(old_tokens_until=FOR_EVER))
    urls = Urls(CODEC, "", kind, MESSAGE)
    other = OLD[Kind.MESSAGE if kind is Kind.CAMPAIGN else Kind.CAMPAIGN]
    for token, shown in ((OLD[kind], OLD[kind]), (other, DEAD_TOKEN)):
        path = OLD[kind].join(urls.link(2, f"https://t.example.org/u/{token}?x=1"))
        assert (await endpoint.get(path)).headers["location"] == f"https://t.example.org/u/{shown}?x=1"
