"""Collected HTML as templates, with fields put into it: shared copies, copies made alone and `instrument` agree."""

import re
from email import message_from_bytes
from typing import Any

import pytest

from mails.collected import files
from postlude.compose import CampaignTemplate, Encoding, compile_campaign, text_from_html
from postlude.compose.campaign import CompiledCampaign
from postlude.instrument import Policy, instrument
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls
from support.payload import decoded

URLS = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org", Kind.CAMPAIGN, 77)
TOKENS = URLS.tokens(99)
POLICY = Policy(headers=False)
PEOPLE = [
    {"contact": {"a": "Zoë & Söhne", "id": "1/2"}},
    {"contact": {"a": "", "id": "https://shop.example/?a=b"}},
    {"contact": {"a": "</td><td>\r\nwww.example.com", "id": "ö" * 40}},
]
STEP = 5
"""Every fifth file; 1 looks at all, which takes minutes on a busy machine."""
TEMPLATE_CODE = re.compile(r"\{\{|\{%|\{#|%\}")
HREF = re.compile(r"""(href=["']https?://[^"'#>\s{]+)""", re.IGNORECASE)
PLACE = re.compile(r"(</p>|</td>|</h1>|</a>)", re.IGNORECASE)


def written(html: str) -> str:
    """Every third link gets a field, and so does every fifth text."""
    counts = [0, 0]

    def link(match: re.Match[str]) -> str:
        counts[0] += 1
        glue = "&amp;" if "?" in match[1] else "?"
        return match[1] + (f"{glue}c={{{{ contact.id }}}}" if counts[0] % 3 == 1 else "")

    def text(match: re.Match[str]) -> str:
        counts[1] += 1
        return ("{{ contact.a }}" if counts[1] % 5 == 1 else "") + match[1]

    return PLACE.sub(text, HREF.sub(link, html))


def parts(raw: bytes) -> list[bytes]:
    return [decoded(part) for part in message_from_bytes(raw).walk() if not part.is_multipart()]


@pytest.mark.parametrize("encoding", Encoding)
def test_collected_pages_as_templates(encoding: Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = made = pages = 0
    original = CompiledCampaign.render_one

    def counted(self: CompiledCampaign, *given: Any) -> bytes:
        nonlocal alone
        alone += 1
        return original(self, *given)

    for path in files(".html")[::STEP]:
        raw = path.read_bytes()
        html = raw.decode("utf-8", "replace")
        if TEMPLATE_CODE.search(html) or not html.strip() or len(html) > 200_000:
            continue
        pages += 1
        given = CampaignTemplate(sender="a@example.org", subject="x", html=written(html), encoding=encoding)
        compiled = compile_campaign(given, POLICY, URLS)
        untouched = compile_campaign(given, Policy(opens=False, clicks=False, headers=False), URLS)
        for person in PEOPLE:
            made += 1
            with monkeypatch.context() as patched:
                patched.setattr(CompiledCampaign, "render_one", counted)
                ours = compiled.render(TOKENS, person)
            assert ours == compiled.render_one(TOKENS, person), path
            if b"data-postlude" not in raw:
                whole = instrument(untouched.render_one(TOKENS, person), POLICY, URLS, TOKENS.read).message
                same = ours == whole if b"quoted-printable" not in ours else parts(ours) == parts(whole)
                assert same, path
    if not pages:
        pytest.skip("no collected HTML beside the project")
    most = made // 4 if encoding is Encoding.QUOTED_PRINTABLE else made // 2  # long lines have no room for values
    assert alone < most, f"{alone} of {made} copies were made alone"


def test_every_page_has_a_text() -> None:
    pages = files(".html")
    for path in pages:
        text = text_from_html(path.read_bytes().decode("utf-8", "replace"))
        assert "placeholder0" not in text, path
        assert not re.search(r"<t[dr]\b[^>]*>\s*$", text), path
    if not pages:
        pytest.skip("no collected HTML beside the project")
