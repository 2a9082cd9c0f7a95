import codecs
import json

import pytest

from postlude.edge import Brand, EdgeConfig
from postlude.edge.answer import GIF
from postlude.model.words import HitEndpoint
from postlude.tokens import Prefixes, confirm_url

from .conftest import CODEC, COPY, DESTINATION, MESSAGE, RunningEdge, Start


@pytest.mark.parametrize("full", [False, True])
async def test_a_pixel_is_a_gif_and_a_hit(endpoint: RunningEdge, full: bool) -> None:
    headers = {"User-Agent": "Thunderbird", "Accept-Language": "de-CH,de;q=0.9,en;q=0.5", "Cookie": "no=thanks"}
    answer = await endpoint.get(endpoint.pixel, headers, full=full)
    assert answer.status == 200
    assert answer.body == GIF
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "x-postlude-diagnosis" not in answer.headers
    [hit] = endpoint.hits()
    assert hit.endpoint == HitEndpoint.PIXEL
    assert hit.kind == 1
    assert hit.message == MESSAGE
    assert hit.copy == COPY
    assert hit.position == -1
    assert hit.method == "GET"
    assert hit.user_agent == "Thunderbird"
    assert hit.address == "127.0.0.0"
    assert hit.headers == {"accept-language": "de,en"}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("tail", ["nonsense.gif", "", "x/y/z", "..%2f..", "%00", "A" * 36 + ".gif"])
async def test_a_bad_token_is_still_a_gif_and_no_hit(endpoint: RunningEdge, full: bool, tail: str) -> None:
    answer = await endpoint.get(f"/i/{tail}", full=full)
    assert answer.status == 200
    assert answer.body == GIF
    assert answer.headers["x-postlude-diagnosis"] == "bad-token"
    assert endpoint.hits() == []
    assert endpoint.counts() == {"bad_token": 1}


@pytest.mark.parametrize("full", [False, True])
async def test_a_link_leads_to_the_signed_destination(endpoint: RunningEdge, full: bool) -> None:
    for _ in range(2):  # the second time from memory
        answer = await endpoint.get(endpoint.link, full=full)
        assert answer.status == 302
        assert answer.headers["location"] == DESTINATION
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert [(hit.endpoint, hit.copy, hit.position) for hit in endpoint.hits()] == [(HitEndpoint.LINK, COPY, 2)] * 2


async def test_what_gateways_make_of_a_link_still_works(endpoint: RunningEdge) -> None:
    token, rest = endpoint.link.split("/", 3)[2:]
    for target in (
        "/" + endpoint.link,
        f"/l/{token}/{rest.replace('%', '%25')}",
        f"/%6c/{token}/{rest}",
        f"/%256c/{token}/{rest}",
        f"/l%2F{token}%2F{rest.replace('%', '%25')}",
        f"http://t.example/l/{token}/{rest}",
        endpoint.link + "?utm_source=gateway",
        endpoint.link + ".",
        endpoint.link + "%3E",
        endpoint.link.replace("%26", "%26amp%3B"),
    ):
        answer = await endpoint.get(target)
        assert answer.status == 302, target
        assert answer.headers.get("location") == DESTINATION, target


async def test_a_changed_link_names_the_host_and_leads_nowhere(endpoint: RunningEdge) -> None:
    for changed in (
        endpoint.link.replace("shop.example", "evil.example"),
        endpoint.link.replace("/2.", "/3."),
        "/l/AAAA/1.aaaaaaaaaaa/https%3A%2F%2Fevil.example%2F%3Cscript%3E",
    ):
        answer = await endpoint.get(changed)
        page = answer.body.decode()
        assert answer.status == 404
        assert "location" not in answer.headers
        assert "href" not in page
        assert "<script" not in page
        host = "evil.example" if "evil" in changed else "shop.example"
        assert f">{host}</strong>" in page
    assert {hit.endpoint for hit in endpoint.hits()} == {HitEndpoint.DAMAGED_LINK}


@pytest.mark.parametrize("which", ["unsubscribe", "preferences", "view"])
async def test_head_of_a_page_answers_like_get_and_is_not_stored(endpoint: RunningEdge, which: str) -> None:
    answer = await endpoint.ask("HEAD", getattr(endpoint, which))
    assert answer.status == {"view": 410}.get(which, 200)
    assert answer.body == b""
    assert endpoint.hits() == []
    assert endpoint.counts() == {"head": 1}


@pytest.mark.parametrize(("which", "status"), [("pixel", 200), ("link", 302)])
async def test_head_of_a_link_or_pixel_is_a_hit_by_its_method(endpoint: RunningEdge, which: str, status: int) -> None:
    answer = await endpoint.ask("HEAD", getattr(endpoint, which))
    assert answer.status == status
    assert answer.body == b""
    assert [(hit.endpoint.value, hit.method) for hit in endpoint.hits()] == [(which, "HEAD")]
    assert endpoint.counts() == {"stored": 1}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_damaged_link_with_a_genuine_token_is_a_hit_and_leads_nowhere(
    endpoint: RunningEdge, method: str
) -> None:
    prefix, carried = endpoint.link[:3], endpoint.link[3:]
    assert prefix == "/l/"
    for target in (
        prefix + codecs.encode(carried, "rot13"),
        endpoint.link.replace("/2.", "/3."),
        f"{prefix}{endpoint.token}/2.AAAAAAAAAAA/x",
        f"{prefix}{endpoint.token}",
    ):
        answer = await endpoint.ask(method, target)
        assert answer.status == 404
        assert "location" not in answer.headers
        assert bool(answer.body) is (method == "GET")
    assert [(hit.endpoint, hit.copy, hit.position) for hit in endpoint.hits()] == [
        (HitEndpoint.DAMAGED_LINK, COPY, -1)
    ] * 4


async def test_a_damaged_token_is_no_hit(endpoint: RunningEdge) -> None:
    token = endpoint.token
    for damaged in (token[:-1], token[:-1] + ("A" if token[-1] != "A" else "B"), token.lower(), endpoint.act_token):
        assert (await endpoint.get(endpoint.link.replace(token, damaged))).status == 404
    assert endpoint.hits() == []
    assert endpoint.counts() == {"forged_link": 4}


async def test_unsubscribe_needs_a_post(endpoint: RunningEdge) -> None:
    answer = await endpoint.get(endpoint.unsubscribe)
    assert b'<form method="post">' in answer.body
    assert [hit.endpoint for hit in endpoint.hits()] == [HitEndpoint.UNSUBSCRIBE_PAGE]
    answer = await endpoint.ask(
        "POST", endpoint.unsubscribe, {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b"
    )
    assert answer.status == 400
    assert len(endpoint.hits()) == 1


async def test_one_click_unsubscribe(endpoint: RunningEdge) -> None:
    boundary = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    for kind, body in (
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click\r\n"),
        ("multipart/form-data; boundary=x", boundary),
        ("", b""),
        ("text/plain", b"\r\n"),
    ):
        answer = await endpoint.ask("POST", endpoint.unsubscribe, {"Content-Type": kind}, body)
        assert answer.status == 200
        assert answer.body == b"Unsubscribed\n"
    assert [(hit.endpoint, hit.method, hit.facts["how"]) for hit in endpoint.hits()] == [
        (HitEndpoint.UNSUBSCRIBE, "POST", "one-click")
    ] * 5


@pytest.mark.parametrize("body", [b"a=b", b"List-Unsubscribe=", b"List-Unsubscribe=Two-Click", b"unsubscribe="])
async def test_a_post_that_says_something_else_unsubscribes_nobody(endpoint: RunningEdge, body: bytes) -> None:
    answer = await endpoint.ask(
        "POST", endpoint.unsubscribe, {"Content-Type": "application/x-www-form-urlencoded"}, body
    )
    assert answer.status == 400
    assert endpoint.hits() == []


@pytest.mark.parametrize("which", ["preferences", "view"])
async def test_an_empty_post_to_another_page_changes_nothing(endpoint: RunningEdge, which: str) -> None:
    answer = await endpoint.ask("POST", getattr(endpoint, which), full=True)
    assert answer.status in {400, 405}
    assert endpoint.hits() == []


async def test_the_button_unsubscribes(endpoint: RunningEdge) -> None:
    answer = await endpoint.ask("POST", endpoint.unsubscribe, {"Accept-Language": "fr"}, b"unsubscribe=1")
    assert answer.status == 200
    assert "Vous êtes désabonné" in answer.body.decode()
    assert [hit.facts["how"] for hit in endpoint.hits()] == ["page"]


async def test_a_campaigns_reader_is_asked_what_ends(endpoint: RunningEdge) -> None:
    page = (await endpoint.get(endpoint.campaign_unsubscribe)).body.decode()
    assert page.count('type="radio"') == 2
    assert '<input type="radio" name="scope" value="list" checked>' in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("body", "language", "scope", "told"),
    [
        (b"unsubscribe=1", "en", "list", "no more of these emails"),
        (b"unsubscribe=1&scope=list", "en", "list", "no more of these emails"),
        (b"unsubscribe=1&scope=nonsense", "en", "list", "no more of these emails"),
        (b"unsubscribe=1&scope=all", "de", "all", "von diesem Absender keine Mailings mehr"),
        (b"List-Unsubscribe=One-Click&scope=all", "en", "list", ""),  # RFC 8058: nobody was asked
    ],
)
async def test_a_campaigns_reader_chooses_what_ends(
    endpoint: RunningEdge, body: bytes, language: str, scope: str, told: str
) -> None:
    answer = await endpoint.ask("POST", endpoint.campaign_unsubscribe, {"Accept-Language": language}, body)
    assert told in answer.body.decode()
    assert [hit.facts["scope"] for hit in endpoint.hits() if hit.endpoint is HitEndpoint.UNSUBSCRIBE] == [scope]


async def test_a_single_message_belongs_to_no_list(endpoint: RunningEdge) -> None:
    page = (await endpoint.get(endpoint.unsubscribe)).body.decode()
    assert 'type="radio"' not in page
    for body in (b"unsubscribe=1", b"List-Unsubscribe=One-Click"):
        await endpoint.ask("POST", endpoint.unsubscribe, {}, body)
    assert [hit.facts["scope"] for hit in endpoint.hits() if hit.endpoint is HitEndpoint.UNSUBSCRIBE] == ["all", "all"]


async def test_opens_and_clicks_are_withdrawn_separately(endpoint: RunningEdge) -> None:
    page = (await endpoint.get(endpoint.preferences)).body
    assert page.count(b" checked") == 2
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1&clicks=1")
    await endpoint.ask("POST", endpoint.preferences, body=b"preferences=1")
    shown, *hits = endpoint.hits()
    assert shown.endpoint is HitEndpoint.PREFERENCES_PAGE
    assert [hit.facts for hit in hits] == [{"opens": "off", "clicks": "on"}, {"opens": "off", "clicks": "off"}]


@pytest.mark.parametrize("endpoint_name", ["unsubscribe", "preferences", "view"])
async def test_pages_need_a_token(endpoint: RunningEdge, endpoint_name: str) -> None:
    answer = await endpoint.get(getattr(endpoint, endpoint_name)[:-1])
    assert answer.status == 404
    assert endpoint.counts() == {"bad_token": 1}


async def test_fixed_names(start: Start) -> None:
    endpoint = await start(EdgeConfig(assetlinks="[]"))
    assert b"Disallow: /" in (await endpoint.get("/robots.txt")).body
    assert (await endpoint.get("/favicon.ico")).headers["content-type"] == "image/gif"
    assert (await endpoint.get("/.well-known/assetlinks.json")).body == b"[]"
    assert (await endpoint.get("/.well-known/apple-app-site-association")).status == 404
    assert (await endpoint.get("/")).status == 404
    assert (await endpoint.get("/etc/passwd")).status == 404


async def test_health_counts_every_outcome(endpoint: RunningEdge) -> None:
    await endpoint.get(endpoint.pixel)
    await endpoint.get("/i/x")
    report = json.loads((await endpoint.get("/healthz")).body)
    assert report["status"] == "ok"
    assert report["journal"]["records"] == 1
    assert report["outcomes"]["stored"] == 1
    assert report["outcomes"]["bad_token"] == 1
    assert set(report["outcomes"]) == set(endpoint.edge.core.counts.table())


async def test_methods(endpoint: RunningEdge) -> None:
    answer = await endpoint.ask("OPTIONS", endpoint.pixel)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (await endpoint.ask("POST", endpoint.pixel, body=b"x")).body == GIF
    assert (await endpoint.ask("DELETE", endpoint.link)).status == 405
    assert (await endpoint.ask("PUT", endpoint.unsubscribe, body=b"x")).headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert endpoint.hits() == []


async def test_range_is_answered_whole(endpoint: RunningEdge) -> None:
    answer = await endpoint.get(endpoint.pixel, {"Range": "bytes=0-0"})
    assert answer.status == 200
    assert answer.body == GIF
    assert endpoint.hits()[0].headers["range"] == "bytes=0-0"


async def test_pages_carry_the_brand_and_no_foreign_markup(start: Start) -> None:
    endpoint = await start(EdgeConfig(brand=Brand(name="Ben & <b>Jo</b>", contact="hi@jo.example")))
    page = (await endpoint.get(endpoint.unsubscribe, {"Accept-Language": "de"})).body.decode()
    assert "Ben &amp; &lt;b&gt;Jo&lt;/b&gt;" in page
    assert '<html lang="de">' in page
    assert "Kontakt: hi@jo.example" in page


async def test_a_subscription_is_confirmed_by_the_button_alone(endpoint: RunningEdge) -> None:
    url = confirm_url(CODEC, "", Prefixes(), 0x77, 0x88)
    page = await endpoint.get(url)
    assert page.status == 200
    assert b'<form method="post">' in page.body
    assert (await endpoint.ask("POST", url, body=b"a=b")).status == 400
    done = await endpoint.ask("POST", url, {"Accept-Language": "de"}, b"confirm=1")
    assert "Sie sind angemeldet" in done.body.decode()
    assert [(hit.endpoint, hit.message, hit.copy) for hit in endpoint.hits()] == [
        (HitEndpoint.CONFIRM_PAGE, 0x77, 0x88),
        (HitEndpoint.CONFIRM, 0x77, 0x88),
    ]


async def test_a_confirmation_is_no_copy_and_a_copy_no_confirmation(endpoint: RunningEdge) -> None:
    token = CODEC.mint_confirm(MESSAGE, COPY)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    for path in (f"/c/{endpoint.token}", f"/c/{changed}", f"/u/{token}", f"/s/{token}"):
        assert (await endpoint.ask("POST", path, body=b"confirm=1&unsubscribe=1&preferences=1")).status == 404, path
    assert (await endpoint.get(f"/i/{token}.gif")).status == 200  # a pixel is always an image
    assert endpoint.hits() == []
