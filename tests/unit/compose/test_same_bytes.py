"""A compiled campaign's copies are, byte for byte, what the one-by-one way makes: filled in, instrumented, encoded."""

from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.compose import CampaignTemplate, Encoding, compile_campaign, header
from postlude.compose.campaign import CompiledCampaign
from postlude.compose.layout import LayoutSlot
from postlude.compose.parts import encoded, too_long
from postlude.compose.pieces import joined as joined_pieces
from postlude.dkim import Signer, new_key
from postlude.instrument import PixelPlace, Policy, instrument
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls
from support.payload import decoded

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
URLS = Urls(CODEC, "https://t.example.org", Kind.CAMPAIGN, 77)
TOKENS = URLS.tokens(12345)
SIGNER = Signer("example.org", [new_key("ed25519", "e1")])
HEAD = b"To: a@example.com\r\n"

FIELD = "{{ contact.a }}"
HTML = [
    FIELD,
    "{{ contact.b|default('friend') }}",
    "<p>Hello " + FIELD + ",</p>\n",
    "<b>Hello " + FIELD + "!</b>",
    "<!--" + FIELD + "!>x-->",
    '<a href="https://example.com/x?y=1&amp;z=2">Look</a>',
    '<a href="https://example.com/' + FIELD + '">Look</a>',
    '<a href="https://example.com/?n={{ contact.b|urlencode }}&amp;m=' + FIELD + '#f">' + FIELD + "</a>",
    "<a href='{{ contact.url }}'>Your page</a>",
    '<a href="{{ contact.url }}?x=1" title="' + FIELD + '"></a>',
    '<a href="https://example.com/shown">' + FIELD + "</a>",
    '<a href="https://example.com/off/{{ contact.b }}" data-postlude="off">no</a>',
    '<a href="mailto:{{ contact.b }}@example.com">mail</a>',
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a>',
    '<a href="{{ view_url }}?for={{ contact.b }}">View</a>',
    '<!--[if mso]><v:roundrect href="https://example.com/b/{{ contact.b }}"><center>Go</center></v:roundrect>'
    '<![endif]--><a href="https://example.com/b/{{ contact.b }}">Go ' + FIELD + "</a>",
    '<!--[if mso]><a href="https://example.com/mso">' + FIELD + "</a><![endif]-->",
    "<!-- " + FIELD + " -->",
    "<style>.x{content:'" + FIELD + "'}</style>",
    "<script>var a = '" + FIELD + "';</script>",
    "<title>News for " + FIELD + "</title>",
    "<a href=https://example.com/" + FIELD + ">unquoted</a>",
    "<p class=" + FIELD + ">x</p>",
    "<" + FIELD + ">",
    '<img src="https://example.com/{{ contact.b }}.png" alt="' + FIELD + '">',
    "\u00e4\u20ac = \U0001f600 trailing \t\n",
    "x" * 990,
    "From here\nFrom there\n",
    "</body>",
    "<body>",
    "<!-- postlude:pixel -->",
    "{{ subject }}",
    "{{ contact.url|urlencode }}{{ contact.a }}{{ contact.b }}",
]
TAME = [
    piece
    for piece in HTML
    if not any(
        word in piece for word in ("<!-- {", "<!--{", "<style", "<script", "=https", "class=", "<{{", "mso", "view_url")
    )
]
"""What does not force a copy to be made on its own."""
TEXT = [
    "Dear " + FIELD + ",\n",
    "https://example.com/a?b=1 ",
    "https://example.com/{{ contact.b }} ",
    "({{ contact.url }})\n",
    "{{ unsubscribe_url }}\n",
    FIELD + "{{ contact.b }}",
    "From here\n\n",
    "\u00fc" * 100 + "\n",
    "word " * 250,
    FIELD + " https://example.com/c),d ",
    "<https://example.com/d\n" + FIELD + "> ",
    "_{{ contact.b }} https://example.com/e_ ",
]
VALUES = [
    "Ada",
    "",
    "Zo\u00eb & <Sons>",
    "a\"b'c",
    "</body><body><!-- -->",
    "https://shop.example/ä?x=1&y=2#z",
    "https://t.example.org/u/" + "A" * 36,
    "www.evil.example",
    "unsubscribe",
    "javascript:alert(1)",
    "  blanks  ",
    "-- ]]> %} {{",
    "line\r\nbreak\rand\nmore",
    "From me",
    "=3D=",
    "x" * 700,
    "\x00\x07control",
    "data-postlude=off",
    "&amp;&copy",
    "(a",
    "b>",
    "_",
]
values = st.one_of(st.sampled_from(VALUES), st.text(max_size=20), st.text("abc ä&<", max_size=5))
policies = st.builds(
    Policy,
    opens=st.booleans(),
    clicks=st.booleans(),
    text=st.booleans(),
    headers=st.just(value=False),
    pixel=st.sampled_from(list(PixelPlace)),
    utm=st.sampled_from([(), (("utm_source", "mail"), ("utm_content", "{label}{position}"))]),
    exclude=st.sampled_from([(), ("shop.example",)]),
)


def joined(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=8).map("".join)


templates = st.builds(
    CampaignTemplate,
    sender=st.just("Shop <news@example.org>"),
    subject=st.sampled_from(["News", "Hi {{ contact.a }}"]),
    html=st.one_of(joined(TAME), joined(HTML)).map(lambda inner: f"<html><body>{inner}</body></html>"),
    text=joined(TEXT),
    preheader=st.sampled_from(["", "For {{ contact.a }}"]),
    encoding=st.sampled_from(list(Encoding)),
)
contacts = st.fixed_dictionaries({"a": values, "b": values, "url": values})


@given(templates, policies, st.lists(contacts, min_size=1, max_size=4))
def test_shared_or_alone_makes_no_difference(
    template: CampaignTemplate, policy: Policy, people: list[dict[str, str]]
) -> None:
    compiled = compile_campaign(template, policy, URLS)
    for person in people:
        fields = {"contact": person}
        alone = compiled.render_one(TOKENS, fields, HEAD)
        assert compiled.render(TOKENS, fields, HEAD) == alone
        assert compiled.render_signed(TOKENS, fields, HEAD, SIGNER, 10**15) == SIGNER.sign(alone, 10**15)


@given(templates, policies, contacts)
def test_it_is_what_instrumenting_the_finished_message_gives(
    template: CampaignTemplate, policy: Policy, person: dict[str, str]
) -> None:
    fields = {"contact": person}
    compiled = compile_campaign(template, policy, URLS)
    bare = written(compiled, fields, eight_bit=template.encoding is Encoding.EIGHT_BIT)
    tracked = instrument(bare, policy, URLS, TOKENS.read).message
    ours = compiled.render(TOKENS, fields, HEAD)
    if b"quoted-printable" not in bare:
        assert ours == tracked
    else:  # soft line breaks lie elsewhere, what is read is the same
        assert parts(ours) == parts(tracked)


def written(compiled: CompiledCampaign, fields: Mapping[str, Mapping[str, object]], *, eight_bit: bool) -> bytes:
    """The message before it is instrumented: all of it filled in by Jinja."""
    names = compiled._texts.names(fields)
    out = {
        LayoutSlot.HEAD: HEAD,
        LayoutSlot.SUBJECT: header.unstructured("Subject", compiled._texts.subject.fill_by_jinja(names)),
    }
    for slot, source in compiled._bodies:
        data = source.fill_by_jinja(names).replace(compiled._sample, TOKENS.act).encode("utf-8", "replace")
        out[slot] = joined_pieces(encoded([data], eight_bit=eight_bit and not too_long(data)), b"", b"")
    return b"".join(each if isinstance(each, bytes) else out[each] for each in compiled._layout)


def parts(raw: bytes) -> list[tuple[str, bytes]]:
    return [
        (part.get_content_type(), decoded(part)) for part in message_from_bytes(raw).walk() if not part.is_multipart()
    ]


@given(templates, contacts)
def test_fields_mean_what_they_mean_in_jinja(template: CampaignTemplate, person: dict[str, str]) -> None:
    compiled = compile_campaign(template, Policy(headers=False), URLS)
    names = compiled._texts.names({"contact": person})
    texts = compiled._texts
    for source in (texts.subject, texts._preheader, *(body for _, body in texts.bodies)):
        assert source.fill(names) == source.fill_by_jinja(names)


@given(templates, contacts)
def test_no_line_is_longer_than_smtp_takes(template: CampaignTemplate, person: dict[str, str]) -> None:
    raw = compile_campaign(template, Policy(headers=False, text=True), URLS).render(TOKENS, {"contact": person}, HEAD)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")


def spied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a copy was made on its own."""
    alone: list[int] = []
    original = CompiledCampaign.render_one

    def counted(self: CompiledCampaign, *given: Any) -> bytes:
        alone.append(1)
        return original(self, *given)

    monkeypatch.setattr(CompiledCampaign, "render_one", counted)
    return alone


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("piece", [each for each in TAME if len(each) < 900])
def test_what_newsletters_hold_is_shared(piece: str, encoding: Encoding, monkeypatch: pytest.MonkeyPatch) -> None:
    given = CampaignTemplate(
        sender="a@example.org", subject="Hi {{ contact.a }}", html=f"<body><p>\n{piece}\n</p></body>", encoding=encoding
    )
    compiled = compile_campaign(given, Policy(headers=False), URLS)
    alone = spied(monkeypatch)
    for url in ("https://a.example/1", "https://b.example/ä"):
        compiled.render(TOKENS, {"contact": {"a": "Zoë & Co", "b": "42", "url": url}}, HEAD)
    assert not alone


def test_branches_are_shared_from_the_second_copy_on_and_links_keep_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = CampaignTemplate(
        sender="a@example.org",
        subject="x",
        html="<body>{% if contact.vip %}<a href='https://example.com/vip'>V</a>{% endif %}"
        "<a href='https://example.com/{{ contact.a }}'>A</a>"
        "{% for one in contact.items %}<a href='https://example.com/item/{{ one }}'>I</a>{% endfor %}"
        "<a href='https://example.com/end'>E</a></body>",
    )
    compiled = compile_campaign(given, Policy(headers=False, opens=False), URLS)
    assert [link.url for link in compiled.links] == [
        "https://example.com/vip",
        "https://example.com/{{ contact.a }}",
        "https://example.com/item/{{ one }}",
        "https://example.com/end",
    ]
    alone = spied(monkeypatch)
    people: list[dict[str, object]] = [
        {"a": "1", "vip": True, "items": []},
        {"a": "2", "vip": False, "items": []},
        {"a": "3", "vip": True, "items": []},
        {"a": "4", "vip": False, "items": []},
        {"a": "5", "items": ["x", "y"]},
    ]
    positions = [found(compiled.render(TOKENS, {"contact": person})) for person in people]
    assert positions == [
        {0: ["https://example.com/vip"], 1: ["https://example.com/1"], 3: ["https://example.com/end"]},
        {1: ["https://example.com/2"], 3: ["https://example.com/end"]},
        {0: ["https://example.com/vip"], 1: ["https://example.com/3"], 3: ["https://example.com/end"]},
        {1: ["https://example.com/4"], 3: ["https://example.com/end"]},
        {
            1: ["https://example.com/5"],
            2: ["https://example.com/item/x", "https://example.com/item/y"],
            3: ["https://example.com/end"],
        },
    ]
    assert len(alone) == 3


def found(raw: bytes) -> dict[int, list[str]]:
    html = decoded(message_from_bytes(raw)).decode()
    by_position: dict[int, list[str]] = {}
    for piece in html.split("href='")[1:]:
        own = URLS.recognise(piece.partition("'")[0])
        assert own is not None
        by_position.setdefault(own.position, []).append(own.destination)
    return by_position
