"""One hit as a copy's window keeps it: 29 bytes of what rules over several hits look at, without its address."""

from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

from postlude.classify.judge import Judgement
from postlude.classify.rules import RULES, Confidence
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

# A code: what was asked for (bits 0-2), what one request alone says (3-5) and how surely (6-8), marks (9-12).
OPEN, CLICK, PAGE, ACT = 0, 1, 2, 3
"""A pixel, a link, a page that was looked at; ACT is what only a person does: a button, a reply."""
KIND: Final = 7
_BASE: Final = 3
_SURE: Final = 6
HEAD: Final = 1 << 9
LEAVING: Final = 1 << 10
"""The unsubscribe page."""
PROXIED: Final = 1 << 11
"""A provider's image proxy."""
PLAIN: Final = 1 << 12
"""Nothing but its program's name speaks for a person."""

_ENDPOINTS: Final = {
    HitEndpoint.PIXEL: OPEN,
    HitEndpoint.LINK: CLICK,
    HitEndpoint.UNSUBSCRIBE_PAGE: PAGE | LEAVING,
    HitEndpoint.UNSUBSCRIBE: ACT,
    HitEndpoint.PREFERENCES_PAGE: PAGE,
    HitEndpoint.PREFERENCES: ACT,
    HitEndpoint.VIEW: PAGE,
}
_CONFIDENCE: Final = {rule.id: rule.confidence for rule in RULES}
_PLAIN: Final = frozenset({"browser", "unknown-agent", "empty-agent"})
_RELAYED: Final = "apple-egress"  # Private Relay changes its address all the time
_PROXY: Final = "image-proxy"
_IPV4_DOTS: Final = 3


class Sighting(NamedTuple):
    """One hit of a copy. Windows are sorted by `at`, then `id`."""

    at: int
    id: int
    """Of its event."""
    code: int
    position: int
    network: int
    """/24 or /48 of its address as a number, 0 where addresses are not kept."""
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
        return self.code >> _BASE & 7

    @property
    def sure(self) -> int:
        """The confidence of that."""
        return self.code >> _SURE & 7


def code_of(hit: Hit, judgement: Judgement) -> int:
    """The code of a hit that was judged by itself."""
    decided = judgement.reasons[0] if judgement.reasons else ""
    code = _ENDPOINTS.get(hit.endpoint, PAGE)
    if hit.method == "HEAD":
        code |= HEAD
    if decided == _PROXY:
        code |= PROXIED
    if decided in _PLAIN and _RELAYED not in judgement.reasons:
        code |= PLAIN
    sure = _CONFIDENCE.get(decided, Confidence.MEDIUM)
    return code | NUMBER_OF[judgement.verdict] << _BASE | sure << _SURE


REPLY: Final = ACT | HUMAN << _BASE | Confidence.CERTAIN << _SURE
"""The code of an answer by mail."""


def place_of(address: str) -> tuple[int, int]:
    """The network of an address as a number, and the address as one; zeros where it is not kept."""
    if not address:
        return 0, 0
    whole = crc32(address.encode())
    if ":" in address:
        network = ":".join(address.split(":")[:3])
    elif address.count(".") == _IPV4_DOTS:
        network = address.rpartition(".")[0]
    else:
        network = address  # hashed: every address is a network of its own
    return crc32(network.encode()) or 1, whole


def program_of(user_agent: str) -> int:
    """A program's name as a number."""
    return crc32(user_agent.encode("utf-8", "replace"))
