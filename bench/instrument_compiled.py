"""The rows of a compiled campaign: what one copy costs when the template is taken apart once.

Every row mints the copy's token too. `copies` tells how many copies one call makes, so that the clock's own cost does
not count.
"""

from collections.abc import Callable
from itertools import count

import newsletter

from postlude.compose import CampaignTemplate, CopyHeads, Encoding, HeadOptions, compile_campaign
from postlude.dkim import Signer, new_key
from postlude.instrument import Policy
from postlude.instrument import html_part as html
from postlude.instrument.edits import split_edited
from postlude.instrument.session import InstrumentSession
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
URLS = Urls(CODEC, "https://mail.example.org", Kind.CAMPAIGN, 77)
POLICY = Policy(headers=False)
BATCH = 100
NOW = 1_750_000_000_000_000
PAGE = newsletter.html()
HEADS = CopyHeads(CODEC, URLS, HeadOptions(sender_domain="example.org", return_domain="back.example.org"))
PEOPLE = [
    {"contact": {"first_name": name, "city": city, "address": f"{name.lower()}@example.com", "id": str(number)}}
    for number, (name, city) in enumerate([("Ada", "London"), ("Zoë", "Köln"), ("Grace", "New York"), ("Alan", "")])
]
GREETING = "<p>Dear {{ contact.first_name|default('friend') }} in {{ contact.city|default('your town') }},</p>"
FOOTER = "<p>Sent to {{ contact.address }}. <a href='{{ unsubscribe_url }}'>Unsubscribe</a></p>"
PERSONAL = "<p><a href='https://shop.example.com/you?id={{ contact.id|urlencode }}'>Your page</a></p>"
BRANCH = "{% if contact.city %}<p>See you in {{ contact.city }}!</p>{% endif %}"

Row = tuple[str, Callable[[], object], int]


def template(encoding: Encoding, *, top: str = "", subject: str = "News") -> CampaignTemplate:
    page = PAGE.decode()
    at = page.index("<body")
    at = page.index(">", at) + 1
    written = page[:at] + top + page[at:]
    return CampaignTemplate(sender="Shop <news@example.org>", subject=subject, html=written, encoding=encoding)


def batch(one: Callable[[int], object]) -> Callable[[], object]:
    copies = count(1)

    def work() -> None:
        for _ in range(BATCH):
            one(next(copies))

    work.copies = BATCH  # type: ignore[attr-defined]  # read by the loop that measures
    return work


def single(one: Callable[[int], object]) -> Callable[[], object]:
    copies = count(1)
    return lambda: one(next(copies))


def html_alone() -> Callable[[int], object]:
    pieces = split_edited(PAGE, html.plan_html(PAGE, InstrumentSession(POLICY, URLS), "utf-8").edits)
    return lambda copy: URLS.token(copy).encode("ascii").join(pieces)


def tokens(encoding: Encoding) -> Callable[[int], object]:
    compiled = compile_campaign(template(encoding), POLICY, URLS)
    minted = URLS.tokens if compiled.names_pages else URLS.read_only
    return lambda copy: compiled.render(minted(copy), {}, b"")


def fields(encoding: Encoding, top: str) -> Callable[[int], object]:
    compiled = compile_campaign(template(encoding, top=top, subject="Hi {{ contact.first_name }}"), POLICY, URLS)
    return lambda copy: compiled.render(URLS.tokens(copy), PEOPLE[copy % len(PEOPLE)], b"")


def alone(encoding: Encoding) -> Callable[[int], object]:
    top = GREETING + FOOTER + PERSONAL
    compiled = compile_campaign(template(encoding, top=top, subject="Hi {{ contact.first_name }}"), POLICY, URLS)
    return lambda copy: compiled.render_one(URLS.tokens(copy), PEOPLE[copy % len(PEOPLE)], b"")


def leaving(algorithms: tuple[str, ...]) -> Callable[[int], object]:
    """All of a copy: fields, heads, and its signatures."""
    top = GREETING + FOOTER + PERSONAL
    encoding = Encoding.QUOTED_PRINTABLE
    compiled = compile_campaign(template(encoding, top=top, subject="Hi {{ contact.first_name }}"), POLICY, URLS)
    signer = Signer("example.org", [new_key(each, each) for each in algorithms]) if algorithms else None

    def one(copy: int) -> object:
        person = PEOPLE[copy % len(PEOPLE)]
        tokens = URLS.tokens(copy)
        head = HEADS.head(copy, tokens.act, (person["contact"]["first_name"], person["contact"]["address"]), NOW)
        if signer is None:
            return compiled.render(tokens, person, head)
        return compiled.render_signed(tokens, person, head, signer, NOW)

    return one


def rows() -> list[Row]:
    eight, quoted = Encoding.EIGHT_BIT, Encoding.QUOTED_PRINTABLE
    return [
        ("compiled, HTML, token alone", batch(html_alone()), 300_000),
        ("compiled, whole message, 8bit, token alone", batch(tokens(eight)), 200_000),
        ("compiled, whole message, quoted-printable, token alone", batch(tokens(quoted)), 100_000),
        ("compiled, 8bit, subject and 3 fields", batch(fields(eight, GREETING + FOOTER)), 0),
        ("compiled, quoted-printable, subject and 3 fields", batch(fields(quoted, GREETING + FOOTER)), 0),
        ("the same and a personal link", batch(fields(quoted, GREETING + FOOTER + PERSONAL)), 0),
        ("the same and a branch", batch(fields(quoted, GREETING + FOOTER + PERSONAL + BRANCH)), 0),
        ("one by one, for comparison", single(alone(quoted)), 0),
        ("compiled, all of it with its head, unsigned", batch(leaving(())), 0),
        ("compiled, all of it, signed with Ed25519", batch(leaving(("ed25519",))), 0),
        ("compiled, all of it, signed with RSA-2048", batch(leaving(("rsa",))), 0),
        ("compiled, all of it, signed with both", batch(leaving(("rsa", "ed25519"))), 0),
    ]
