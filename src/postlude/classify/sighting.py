"""One hit as a copy's window keeps it: 29 bytes of what rules over several hits look at, without its address."""

import re
from collections.abc import Collection
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from postlude.classify.judge import Judgement
from postlude.classify.rules import RULES, SINCE_LATE, Confidence, since_class
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

_ENTRY: Final = Struct("<qqHhIIB")
SIZE: Final = _ENTRY.size
pack_sighting: Final = _ENTRY.pack
"""at, id, code, position, network, visitor, standing -> bytes."""
iter_unpack: Final = _ENTRY.iter_unpack
unpack_from: Final = _ENTRY.unpack_from

VERDICTS: Final = (
    Verdict.HUMAN,
    Verdict.HUMAN_PROXIED,
    Verdict.UNKNOWN,
    Verdict.MACHINE_SUSPECTED,
    Verdict.MACHINE,
    Verdict.SELF,
)
"""By the number they are stored as; only ever longer."""
NUMBER_OF: Final = {verdict: number for number, verdict in enumerate(VERDICTS)}
MACHINE: Final = NUMBER_OF[Verdict.MACHINE]
SUSPECTED: Final = NUMBER_OF[Verdict.MACHINE_SUSPECTED]
UNKNOWN: Final = NUMBER_OF[Verdict.UNKNOWN]
HUMAN: Final = NUMBER_OF[Verdict.HUMAN]
PROXIED_HUMAN: Final = NUMBER_OF[Verdict.HUMAN_PROXIED]

# A code: what was asked for (bits 0-2), what one request alone says (3-5) and how surely (6-8), marks (9-15).
OPEN, CLICK, PAGE, ACT = 0, 1, 2, 3
"""A pixel, a link, a page that was looked at; ACT is what only a person does: a button, a reply."""
KIND: Final = 7
BASE: Final = 3
SURE: Final = 6
HEAD: Final = 1 << 9
LEAVING: Final = 1 << 10
"""The unsubscribe page."""
PROXIED: Final = 1 << 11
"""A provider's image proxy."""
PLAIN: Final = 1 << 12
"""Nothing but its program's name speaks for a person."""
DAMAGED: Final = 1 << 13
"""A form of a link that is not the one in the mail."""
LATE: Final = 1 << 14
"""More than ten minutes after the hand-off."""
SHARED: Final = 1 << 15
"""Its visitor asked for many recipients' copies: what the neighbours say (`crowd`), and no request alone."""

_ENDPOINTS: Final = {
    HitEndpoint.PIXEL: OPEN,
    HitEndpoint.LINK: CLICK,
    HitEndpoint.UNSUBSCRIBE_PAGE: PAGE | LEAVING,
    HitEndpoint.UNSUBSCRIBE: ACT,
    HitEndpoint.PREFERENCES_PAGE: PAGE,
    HitEndpoint.PREFERENCES: ACT,
    HitEndpoint.VIEW: PAGE,
    HitEndpoint.DAMAGED_LINK: PAGE | DAMAGED,
}
_CONFIDENCE: Final = {rule.id: rule.confidence for rule in RULES}
_PLAIN: Final = frozenset({"browser", "unknown-agent", "empty-agent"})
_SAYS_LITTLE: Final = _PLAIN | {rule.id for rule in RULES if rule.timed or rule.confidence is Confidence.WEAK}
_PROXY: Final = "image-proxy"
_IPV4_DOTS: Final = 3
_PRIVATE: Final = re.compile(
    r"10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|::1?$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:"
).match
"""RFC 1918, RFC 4193, this machine and its link."""
_MOST_POSITION: Final = 0x7FFF
_WHOLE: Final = 0xFFFFFFFF


class Sighting(NamedTuple):
    """One hit of a copy. Windows are sorted by `at`, then `id`."""

    at: int
    id: int
    """Of its event."""
    code: int
    position: int
    network: int
    """/24 or /48 of its address as a number, 0 where addresses are not kept; of a proxy the program instead."""
    visitor: int
    """Address and program as one number."""
    standing: int
    """Number of the verdict that its event has."""

    @property
    def kind(self) -> int:
        """OPEN, CLICK, PAGE or ACT."""
        return self.code & KIND

    @property
    def base(self) -> int:
        """Number of the verdict by the request alone."""
        return self.code >> BASE & 7

    @property
    def sure(self) -> int:
        """The confidence of that."""
        return self.code >> SURE & 7


def code_of(hit: Hit, judgement: Judgement, *, sent_at: int | None = None) -> int:
    """The code of a hit that was judged by itself; `sent_at` as for `judge`."""
    decided = judgement.reasons[0] if judgement.reasons else ""
    code = _ENDPOINTS.get(hit.endpoint, PAGE)
    if hit.method == "HEAD":
        code |= HEAD
    if decided == _PROXY:
        code |= PROXIED
    if is_plain(judgement.reasons):
        code |= PLAIN
    if since_class(None if sent_at is None else hit.at - sent_at) == SINCE_LATE:
        code |= LATE
    sure = _CONFIDENCE.get(decided, Confidence.MEDIUM)
    return code | NUMBER_OF[judgement.verdict] << BASE | sure << SURE


_APPLE: Final = OPEN | UNKNOWN << BASE | Confidence.HIGH << SURE


def is_by_apple(code: int) -> bool:
    """Whether Apple's privacy service loaded the image: no other rule leaves an opening undecided so surely."""
    return code & (KIND | HEAD | KIND << BASE | KIND << SURE) == _APPLE


def is_surely_read(code: int) -> bool:
    """Whether a mail program opened the message: a person's opening, which its name alone says surely."""
    return code & (KIND | HEAD | KIND << BASE) == OPEN | HUMAN << BASE and code >> SURE & KIND >= Confidence.HIGH


def is_plain(reasons: Collection[str]) -> bool:
    """Whether nothing but its program's name speaks for a person, by what one request alone says.

    How soon it came after the hand-off does not matter: that may be known later than the hit, and neighbours would
    depend on the order.
    """
    return not _PLAIN.isdisjoint(reasons) and _SAYS_LITTLE.issuperset(reasons)


REPLY: Final = ACT | HUMAN << BASE | Confidence.CERTAIN << SURE
"""The code of an answer by mail."""


class Place(NamedTuple):
    """Where a hit came from, as numbers; zeros where addresses are not kept."""

    network: int
    address: int
    tells: bool
    """Whether hits from here may be counted together. A private network is a proxy that was not listed as one, or the
    operator's own: it says nothing of visitors."""


NOWHERE: Final = Place(0, 0, tells=False)


def place_of(address: str) -> Place:
    """The place of an address in the form that is kept."""
    if not address:
        return NOWHERE
    if ":" in address:
        network = ":".join(address.split(":")[:3])
    elif address.count(".") == _IPV4_DOTS:
        network = address.rpartition(".")[0]
    else:
        network = address  # hashed: every address is a network of its own
    return Place(crc32(network.encode()) or 1, crc32(address.encode()), tells=not _PRIVATE(address))


def program_of(user_agent: str) -> int:
    """A program's name as a number."""
    return crc32(user_agent.encode("utf-8", "replace"))


def crowd_key(message: int, place: Place, program: int) -> int:
    """Message and visitor as one number; 0 where the place does not tell visitors apart."""
    return message << 32 | (place.address * 31 ^ program) & _WHOLE if place.tells else 0


def entry_of(at: int, number: int, code: int, position: int, place: Place, program: int) -> bytes:  # noqa: PLR0917 - once a hit, by place
    """What a window keeps of a hit: `number` is its event's, `place` what `place_of` says."""
    network, address, _ = place
    if code & PROXIED:
        network = program
    if not -1 <= position <= _MOST_POSITION:
        position &= _MOST_POSITION
    return pack_sighting(at, number, code, position, network, (address * 31 ^ program) & _WHOLE, code >> BASE & 7)
