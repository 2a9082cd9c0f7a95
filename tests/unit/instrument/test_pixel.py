"""One pixel, where it is live and where the policy wants it."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from mails.minting import html, pixel, track
from mails.written import mail, part
from postlude.instrument import PixelPlace, Policy
from postlude.instrument.pixel import CLIP

TOP, BOTTOM = Policy(pixel=PixelPlace.TOP), Policy(pixel=PixelPlace.BOTTOM)


def around(raw: str, policy: Policy = BOTTOM) -> tuple[str, str]:
    """What stands before and behind the one pixel."""
    tracked = html(raw, policy)[0].decode()
    before, found, rest = tracked.partition(f'<img src="{pixel()}"')
    assert found
    assert pixel() not in rest
    return before, rest.partition(">")[2]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("<body>x", "</body></html>"),
        ("<BODY>x", "</BODY >"),
        ("x", ""),
        ("<body>a</body>b", "</body>"),
        ("<body>x", "</body> later"),
        ("<body>x", "</body><!-- </body> -->"),
        ("<body>x<script>'</body>'</script>", "</body>"),
        ("<body>x", "<title>never closed"),
        ("<body>x", "<!-- never closed </body>"),
        ("<body>x", "<style>never closed"),
        ("<body>x", "<textarea></body>"),
        ("<body>x", "<template>never closed</body>"),
        ("<body>x<template></body></template>", "</body>"),
        ("<body>x", "<a href='never closed"),
        ("<body>x<!--[if mso]></body><![endif]-->", "</body>"),
    ],
)
def test_bottom(before: str, behind: str) -> None:
    assert around(before + behind) == (before, behind)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ('<html><body style="a>b">', "x</body></html>"),
        ("<html><head></head>", "x"),
        ("x", ""),
        ("<!-- <body> --><body>", "x</body>"),
    ],
)
def test_top(before: str, behind: str) -> None:
    assert around(before + behind, TOP) == (before, behind)


@pytest.mark.parametrize("policy", [TOP, BOTTOM, Policy()])
def test_a_marker_wins(policy: Policy) -> None:
    assert around("<body>a<!-- Postlude:pixel -->b</body>", policy) == ("<body>a", "b</body>")


def test_a_marker_that_is_not_one() -> None:
    assert around("a<!-- postlude:pixels -->b<style><!-- postlude:pixel --></style>")[1] == ""


@pytest.mark.parametrize(("size", "top"), [(CLIP - 100, False), (CLIP + 100, True)])
def test_auto_goes_where_gmail_does_not_clip(size: int, *, top: bool) -> None:
    words = "x" * size
    expected = ("<body>", words + "</body>") if top else ("<body>" + words, "</body>")
    assert around(f"<body>{words}</body>", Policy()) == expected


def test_twice_is_once() -> None:
    once, _ = html("<body>x</body>")
    assert html(once)[0] == once
    assert once.count(pixel().encode()) == 1


def test_opens_off() -> None:
    assert html("<body>x</body>", Policy(opens=False))[0] == b"<body>x</body>"


def test_it_is_out_of_sight_but_loaded() -> None:
    tracked, _ = html("<body>x</body>")
    (image,) = LexborHTMLParser(tracked).css("img")
    style = str(image.attributes["style"])
    assert image.attributes["alt"] == ""
    assert "display:block!important" in style
    assert "position:absolute!important" in style
    assert "visibility" not in style
    assert "none" not in style.replace("box-shadow:none", "").replace("background:none", "")


def test_closed_in_xhtml() -> None:
    raw = mail(part(b"<html><body>x</body></html>", "application/xhtml+xml"))
    done = track(raw)
    assert done.opens
    assert b'!important"/></body>' in done.message


def test_one_pixel_for_several_html_parts() -> None:
    from mails.written import multipart  # noqa: PLC0415 - only here

    done = track(mail(multipart([part(b"<p>1</p>"), part(b"<p>2</p>")])))
    assert done.message.count(pixel().encode()) == 1
