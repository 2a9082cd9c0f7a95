import json

import pytest

from postlude.edge import Brand, EdgeConfig
from postlude.edge.answer import GIF
from postlude.model.words import HitFace
from postlude.tokens import Prefixes, confirm_url

from .conftest import CODEC, COPY, DESTINATION, MESSAGE, Face, Start


@pytest.mark.parametrize("full", [False, True])
async def test_a_pixel_is_a_gif_and_a_hit(face: Face, full: bool):
    headers = {"User-Agent": "Thunderbird", "Accept-Language": "de-CH,de;q=0.9,en;q=0.5", "Cookie": "no=thanks"}
    answer = await face.get(face.pixel, headers, full=full)
    assert (answer.status, answer.body) == (200, GIF)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "x-postlude-diagnosis" not in answer.headers
    [hit] = face.hits()
    assert (hit.face, hit.kind, hit.scope, hit.copy, hit.position) == (HitFace.PIXEL, 1, MESSAGE, COPY, -1)
    assert (hit.method, hit.user_agent, hit.address) == ("GET", "Thunderbird", "127.0.0.0")
    assert hit.headers == {"accept-language": "de,en"}


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("tail", ["nonsense.gif", "", "x/y/z", "..%2f..", "%00", "A" * 36 + ".gif"])
async def test_a_bad_token_is_still_a_gif_and_no_hit(face: Face, full: bool, tail: str):
    answer = await face.get(f"/i/{tail}", full=full)
    assert (answer.status, answer.body) == (200, GIF)
    assert answer.headers["x-postlude-diagnosis"] == "bad-token"
    assert face.hits() == []
    assert face.counts() == {"bad_token": 1}


@pytest.mark.parametrize("full", [False, True])
async def test_a_link_leads_to_the_signed_destination(face: Face, full: bool):
    for _ in range(2):  # the second time from memory
        answer = await face.get(face.link, full=full)
        assert (answer.status, answer.headers["location"]) == (302, DESTINATION)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert [(hit.face, hit.copy, hit.position) for hit in face.hits()] == [(HitFace.LINK, COPY, 2)] * 2


async def test_what_gateways_make_of_a_link_still_works(face: Face):
    token, rest = face.link.split("/", 3)[2:]
    for target in (
        "/" + face.link,
        f"/l/{token}/{rest.replace('%', '%25')}",
        f"/%6c/{token}/{rest}",
        f"/%256c/{token}/{rest}",
        f"/l%2F{token}%2F{rest.replace('%', '%25')}",
        f"http://t.example/l/{token}/{rest}",
        face.link + "?utm_source=gateway",
        face.link + ".",
        face.link + "%3E",
        face.link.replace("%26", "%26amp%3B"),
    ):
        answer = await face.get(target)
        assert (target, answer.status, answer.headers.get("location")) == (target, 302, DESTINATION)


async def test_a_changed_link_names_the_host_and_leads_nowhere(face: Face):
    for changed in (
        face.link.replace("shop.example", "evil.example"),
        face.link.replace("/2.", "/3."),
        "/l/AAAA/1.aaaaaaaaaaa/https%3A%2F%2Fevil.example%2F%3Cscript%3E",
    ):
        answer = await face.get(changed)
        page = answer.body.decode()
        assert answer.status == 404
        assert "location" not in answer.headers
        assert "href" not in page
        assert "<script" not in page
        host = "evil.example" if "evil" in changed else "shop.example"
        assert f">{host}</strong>" in page
    assert face.hits() == []


@pytest.mark.parametrize("which", ["pixel", "link", "unsubscribe", "preferences", "view"])
async def test_head_answers_like_get_and_never_counts(face: Face, which: str):
    answer = await face.ask("HEAD", getattr(face, which))
    assert answer.status == {"link": 302, "view": 410}.get(which, 200)
    assert answer.body == b""
    assert face.hits() == []
    assert face.counts() == {"head": 1}


async def test_unsubscribe_needs_a_post(face: Face):
    answer = await face.get(face.unsubscribe)
    assert b'<form method="post">' in answer.body
    assert [hit.face for hit in face.hits()] == [HitFace.UNSUBSCRIBE_PAGE]
    answer = await face.ask("POST", face.unsubscribe, {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b")
    assert answer.status == 400
    assert len(face.hits()) == 1


async def test_one_click_unsubscribe(face: Face):
    boundary = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    for kind, body in (
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click"),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click\r\n"),
        ("multipart/form-data; boundary=x", boundary),
        ("", b""),
        ("text/plain", b"\r\n"),
    ):
        answer = await face.ask("POST", face.unsubscribe, {"Content-Type": kind}, body)
        assert (answer.status, answer.body) == (200, b"Unsubscribed\n")
    assert [(hit.face, hit.method, hit.facts["how"]) for hit in face.hits()] == [
        (HitFace.UNSUBSCRIBE, "POST", "one-click")
    ] * 5


@pytest.mark.parametrize("body", [b"a=b", b"List-Unsubscribe=", b"List-Unsubscribe=Two-Click", b"unsubscribe="])
async def test_a_post_that_says_something_else_unsubscribes_nobody(face: Face, body: bytes):
    answer = await face.ask("POST", face.unsubscribe, {"Content-Type": "application/x-www-form-urlencoded"}, body)
    assert answer.status == 400
    assert face.hits() == []


@pytest.mark.parametrize("which", ["preferences", "view"])
async def test_an_empty_post_to_another_page_changes_nothing(face: Face, which: str):
    answer = await face.ask("POST", getattr(face, which), full=True)
    assert answer.status in {400, 405}
    assert face.hits() == []


async def test_the_button_unsubscribes(face: Face):
    answer = await face.ask("POST", face.unsubscribe, {"Accept-Language": "fr"}, b"unsubscribe=1")
    assert answer.status == 200
    assert "Vous êtes désabonné" in answer.body.decode()
    assert [hit.facts["how"] for hit in face.hits()] == ["page"]


async def test_opens_and_clicks_are_withdrawn_separately(face: Face):
    page = (await face.get(face.preferences)).body
    assert page.count(b" checked") == 2
    await face.ask("POST", face.preferences, body=b"preferences=1&clicks=1")
    await face.ask("POST", face.preferences, body=b"preferences=1")
    shown, *hits = face.hits()
    assert shown.face is HitFace.PREFERENCES_PAGE
    assert [hit.facts for hit in hits] == [{"opens": "off", "clicks": "on"}, {"opens": "off", "clicks": "off"}]


@pytest.mark.parametrize("face_name", ["unsubscribe", "preferences", "view"])
async def test_pages_need_a_token(face: Face, face_name: str):
    answer = await face.get(getattr(face, face_name)[:-1])
    assert answer.status == 404
    assert face.counts() == {"bad_token": 1}


async def test_fixed_names(start: Start):
    face = await start(EdgeConfig(assetlinks="[]"))
    assert b"Disallow: /" in (await face.get("/robots.txt")).body
    assert (await face.get("/favicon.ico")).headers["content-type"] == "image/gif"
    assert (await face.get("/.well-known/assetlinks.json")).body == b"[]"
    assert (await face.get("/.well-known/apple-app-site-association")).status == 404
    assert (await face.get("/")).status == 404
    assert (await face.get("/etc/passwd")).status == 404


async def test_health_counts_every_outcome(face: Face):
    await face.get(face.pixel)
    await face.get("/i/x")
    report = json.loads((await face.get("/healthz")).body)
    assert report["status"] == "ok"
    assert report["journal"]["records"] == 1
    assert report["outcomes"]["stored"] == 1
    assert report["outcomes"]["bad_token"] == 1
    assert set(report["outcomes"]) == set(face.edge.core.counts.table())


async def test_methods(face: Face):
    answer = await face.ask("OPTIONS", face.pixel)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert (await face.ask("POST", face.pixel, body=b"x")).body == GIF
    assert (await face.ask("DELETE", face.link)).status == 405
    assert (await face.ask("PUT", face.unsubscribe, body=b"x")).headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert face.hits() == []


async def test_range_is_answered_whole(face: Face):
    answer = await face.get(face.pixel, {"Range": "bytes=0-0"})
    assert (answer.status, answer.body) == (200, GIF)
    assert face.hits()[0].headers["range"] == "bytes=0-0"


async def test_pages_carry_the_brand_and_no_foreign_markup(start: Start):
    face = await start(EdgeConfig(brand=Brand(name="Ben & <b>Jo</b>", contact="hi@jo.example")))
    page = (await face.get(face.unsubscribe, {"Accept-Language": "de"})).body.decode()
    assert "Ben &amp; &lt;b&gt;Jo&lt;/b&gt;" in page
    assert '<html lang="de">' in page
    assert "Kontakt: hi@jo.example" in page


async def test_a_subscription_is_confirmed_by_the_button_alone(face: Face):
    url = confirm_url(CODEC, "", Prefixes(), 0x77, 0x88)
    page = await face.get(url)
    assert page.status == 200
    assert b'<form method="post">' in page.body
    assert (await face.ask("POST", url, body=b"a=b")).status == 400
    done = await face.ask("POST", url, {"Accept-Language": "de"}, b"confirm=1")
    assert "Sie sind angemeldet" in done.body.decode()
    assert [(hit.face, hit.scope, hit.copy) for hit in face.hits()] == [
        (HitFace.CONFIRM_PAGE, 0x77, 0x88),
        (HitFace.CONFIRM, 0x77, 0x88),
    ]


async def test_a_confirmation_is_no_copy_and_a_copy_no_confirmation(face: Face):
    token = CODEC.mint_confirm(MESSAGE, COPY)
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    for path in (f"/c/{face.token}", f"/c/{changed}", f"/u/{token}", f"/s/{token}"):
        assert (await face.ask("POST", path, body=b"confirm=1&unsubscribe=1&preferences=1")).status == 404, path
    assert (await face.get(f"/i/{token}.gif")).status == 200  # a pixel is always an image
    assert face.hits() == []
