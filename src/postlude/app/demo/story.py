"""Who and what the demo is about: people, single mails and campaigns of a small shop. All addresses are reserved."""

from random import Random
from typing import Final, NamedTuple

OWNER_NAME: Final = "Olivia"
_DOMAINS: Final = ("example.com", "example.net", "example.org")  # RFC 2606: no mail ever gets there
# fmt: off
_FIRST: Final = (
    "Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy", "Karim", "Lena", "Marta",
    "Niaj", "Oscar", "Peggy", "Quentin", "Rupert", "Sybil", "Trent", "Ursula", "Victor", "Wendy", "Xavier", "Yara",
    "Zoe", "Amir", "Bianca", "Chloé", "Deniz", "Elif", "Farah", "Goran", "Hana", "Ines", "Jonas", "Kasia", "Luca",
    "Mia", "Noor",
)
_LAST: Final = (
    "Meyer", "Novak", "Rossi", "Silva", "Jansen", "Kaya", "Dubois", "Okafor", "Larsen", "Ito", "Brown", "Costa",
)
# fmt: on
_TOWNS: Final = ("Berlin", "Lyon", "Porto", "Utrecht", "Gdańsk", "Leeds")


class Person(NamedTuple):
    """A contact of the shop."""

    address: str
    name: str
    town: str
    fate: str
    """What becomes of campaigns to them; empty: they read or they do not."""


_FATED: Final = {
    7: "bounces",
    15: "replies",
    19: "leaves",
    31: "away",
    43: "complains",
    58: "bounces",
    66: "replies",
    71: "leaves",
    83: "full",
    97: "limits",
    103: "away",
    118: "leaves",
    131: "bounces",
}
"""What becomes of campaigns to some of them, by number."""


def people(count: int, chance: Random) -> list[Person]:
    """The contacts, the same for the same chance."""
    found = []
    for number in range(count):
        first, last = _FIRST[number % len(_FIRST)], _LAST[(number // len(_FIRST) + number) % len(_LAST)]
        local = f"{first}.{last}".lower().replace("é", "e")
        address = f"{local}@{chance.choice(_DOMAINS)}"
        found.append(Person(address, f"{first} {last}", chance.choice(_TOWNS), _FATED.get(number, "")))
    return found


class Note(NamedTuple):
    """A single mail of the owner's, `day` days after the beginning."""

    day: int
    hour: int
    subject: str
    to: tuple[int, ...]
    """Numbers of people."""
    text: str
    """A link is written `[words](address)`."""
    what_comes: str = ""
    """What the first recipient answers with: `replies`, `bounces` or `away`; empty: nothing."""


_OFFER: Final = (
    "Hello,\n\nthe offer is ready: [see the three options](https://shop.example/offer?id=7) or read "
    "[how we came to the price](https://shop.example/blog/prices).\n\nDoes Thursday suit you for a call?\n"
)
_MINUTES: Final = "Hello,\n\nhere are [the minutes](https://shop.example/minutes). Please correct what is wrong.\n"
_INVOICE: Final = "Hello,\n\nhere is [your invoice](https://shop.example/invoice). Thank you for the order.\n"
_SAMPLES: Final = (
    "Hello,\n\nthe samples left today: [where the parcel is](https://shop.example/parcels/88). "
    "Tell me which colour you like.\n"
)

NOTES: Final = (
    Note(1, 9, "The first samples", (0, 1), _SAMPLES, "replies"),
    Note(3, 14, "Minutes of Tuesday's meeting", (2, 3, 4), _MINUTES),
    Note(6, 10, "Your invoice 2026-101", (5,), _INVOICE),
    Note(9, 16, "Offer for twelve lamps", (6,), _OFFER, "replies"),
    Note(13, 11, "Minutes of Tuesday's meeting", (2, 3, 4), _MINUTES, "away"),
    Note(17, 9, "Your invoice 2026-109", (7,), _INVOICE, "bounces"),
    Note(20, 15, "Samples in moss green", (8, 9), _SAMPLES, "replies"),
    Note(24, 10, "Offer for the library", (10,), _OFFER),
    Note(27, 13, "Minutes of Tuesday's meeting", (2, 3, 4), _MINUTES, "replies"),
    Note(32, 9, "Your invoice 2026-113", (11, 12), _INVOICE),
    Note(36, 17, "A question about delivery", (13,), _SAMPLES, "replies"),
    Note(41, 10, "Offer for forty blankets", (14,), _OFFER, "away"),
    Note(45, 12, "Minutes of Tuesday's meeting", (2, 3, 4), _MINUTES),
    Note(49, 9, "Your invoice 2026-117", (15,), _INVOICE),
    Note(53, 15, "Samples for the spring", (16, 17), _SAMPLES),
    Note(57, 10, "Minutes of Tuesday's meeting", (2, 3, 4), _MINUTES, "replies"),
    Note(58, 14, "The offer we talked about", (0, 1, 4), _OFFER, "replies"),
)

_PAGE: Final = """<!doctype html><html><body style="font-family: sans-serif"><h1>{title}</h1>
<p>Dear {{{{ contact.name }}}},</p><p>{text}</p>
<p><a href="https://shop.example/{path}">Look at it</a> &middot;
<a href="https://shop.example/blog/wool">Where our wool comes from</a></p>
<p><a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a></p></body></html>
"""


class Mailing(NamedTuple):
    """A campaign, `day` days after the beginning."""

    day: int
    hour: int
    name: str
    subjects: tuple[str, ...]
    """Two: a test of variants."""
    preheader: str
    html: str
    interest: float
    """How likely an interested recipient opens it, 0 to 1."""


def _page(title: str, text: str, path: str) -> str:
    return _PAGE.format(title=title, text=text, path=path)


MAILINGS: Final = (
    Mailing(
        8,
        9,
        "Autumn news",
        ("{{ contact.name }}, what is new this autumn",),
        "Blankets, and the lamps are back",
        _page("Autumn at the shop", "New blankets, and the lamps are back.", "autumn"),
        0.62,
    ),
    Mailing(
        29,
        8,
        "Wool or lamps?",
        ("{{ contact.name }}, wool for cold days", "{{ contact.name }}, light for long evenings"),
        "Wool that lasts, lamps that are repaired",
        _page("Two things for winter", "Wool that lasts, lamps that are repaired for free.", "winter"),
        0.66,
    ),
    Mailing(
        50,
        10,
        "Winter catalogue",
        ("{{ contact.name }}, the winter catalogue is out",),
        "Forty pages of wool, lamps and tea",
        _page("The winter catalogue", "Forty pages of wool, lamps and tea.", "catalogue"),
        0.7,
    ),
)
DRAFT: Final = Mailing(
    58,
    16,
    "New year",
    ("A good new year, {{ contact.name }}",),
    "We are back on the seventh",
    _page("Until January", "We rest a week.", "rest"),
    0.0,
)
