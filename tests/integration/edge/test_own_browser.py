"""The edge's one cookie: only with a link of the web app's, stored as a fact, never sent to recipients."""

from postlude.edge import EdgeConfig
from postlude.kit.clock import SystemClock
from postlude.tokens import MarkPurpose

from .conftest import CODEC, COPY, MESSAGE, RunningEdge, Start

USER = 77


def link(minutes: int = 5) -> str:
    return CODEC.own_browser.mint(MarkPurpose.LINK, USER, SystemClock().now() + minutes * 60_000_000)


async def mark(edge: RunningEdge) -> str:
    """The cookie as a browser sends it back."""
    return (await edge.get(f"/own-browser/{link()}")).headers["set-cookie"].partition(";")[0]


async def test_the_link_sets_the_mark_and_leads_back(start: Start) -> None:
    edge = await start(EdgeConfig(own_browser_back="https://web.example/preferences", own_browser_secure=True))
    answer = await edge.get(f"/own-browser/{link()}")
    assert answer.status == 303
    assert answer.headers["location"] == "https://web.example/preferences?browser=on"
    assert answer.headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=None; Secure")
    assert edge.hits() == []


async def test_it_is_taken_away_by_the_same_link(endpoint: RunningEdge) -> None:
    answer = await endpoint.get(f"/own-browser/{link()}/off")
    assert answer.headers["set-cookie"].startswith("postlude-browser=; Max-Age=0;")
    assert answer.headers["location"] == "/?browser=off"


async def test_without_a_valid_link_there_is_no_cookie(endpoint: RunningEdge) -> None:
    for target in ("/own-browser/", f"/own-browser/{link(-1)}", "/own-browser/" + "a" * 32):
        answer = await endpoint.get(target)
        assert answer.status == 404
        assert "set-cookie" not in answer.headers
    assert (await endpoint.ask("POST", f"/own-browser/{link()}")).status == 404


async def test_a_marked_browsers_visits_say_whose_it_is(endpoint: RunningEdge) -> None:
    cookie = await mark(endpoint)
    for target in (endpoint.pixel, endpoint.link, endpoint.pixel):
        await endpoint.get(target, {"Cookie": f"other=1; {cookie}"})
    assert [hit.facts.get("signed_in") for hit in endpoint.hits()] == [f"{USER:016x}:{MESSAGE:016x}"] * 3
    assert {hit.copy for hit in endpoint.hits()} == {COPY}


async def test_recipients_get_no_cookie_and_other_cookies_say_nothing(endpoint: RunningEdge) -> None:
    for target in (endpoint.pixel, endpoint.link, endpoint.unsubscribe, endpoint.preferences):
        answer = await endpoint.get(target, {"Cookie": "postlude=abc; postlude-browser=forged"})
        assert "set-cookie" not in answer.headers
    assert [hit.facts.get("signed_in") for hit in endpoint.hits()] == [None] * 4


async def test_visits_beside_a_marked_one_are_not_taken_for_it(endpoint: RunningEdge) -> None:
    cookie = await mark(endpoint)
    for headers in ({"Cookie": cookie}, {}, {"Cookie": cookie}, {}):
        await endpoint.get(endpoint.pixel, headers)
    assert ["signed_in" in hit.facts for hit in endpoint.hits()] == [True, False, True, False]
