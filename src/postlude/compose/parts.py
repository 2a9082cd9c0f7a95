"""How one text part is instrumented and encoded; the same for a part on its own and for one that many share."""

from collections.abc import Sequence
from typing import Final

from postlude.compose import quoted
from postlude.compose.pieces import Piece
from postlude.instrument import Policy, UrlMinter, html_part, lines, text_part
from postlude.instrument.edits import Edit
from postlude.instrument.session import InstrumentSession, Minted

_LONGEST_LINE: Final = 998
QUOTED_HEAD: Final = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
EIGHT_BIT_HEAD: Final = b"Content-Transfer-Encoding: 8bit\r\n\r\n"


class Numbered(InstrumentSession):
    """A session that numbers links by the whole template's list, whichever branches a copy shows."""

    def __init__(self, policy: Policy, urls: UrlMinter, numbers: Sequence[int] = ()) -> None:
        super().__init__(policy, urls)
        self._numbers: Final = numbers
        self.minted: Final[dict[tuple[bytes, ...], int]] = {}
        """The position of each tracked link, by what its address becomes."""

    def mint(self, position: int, url: str) -> Minted | None:
        """As in the base class, with a cache."""
        link = super().mint(position, url)
        if link is not None:
            self.minted[link] = position
        return link

    def next_position(self) -> int:
        """The next link's position."""
        order = super().next_position()
        if order < len(self._numbers):
            return self._numbers[order]
        return order + (max(self._numbers) + 1 - len(self._numbers) if self._numbers else 0)


def edits_of(data: bytes, session: InstrumentSession, *, html: bool, limited: bool) -> list[Edit]:
    """The edits of instrumenting in a part, as for a message from outside."""
    session.keep_lines_short(limited=limited)
    if not html:
        return text_part.plan_text(data, session, "utf-8", limited=limited)
    planned = html_part.plan_html(data, session, "utf-8", with_pixel=session.policy.opens)
    return lines.fit(data, planned.edits, planned.attribute_starts) if limited else planned.edits


def too_long(data: bytes) -> bool:
    """A line is longer than 998 octets, so the part cannot travel as it is."""
    return max(map(len, data.split(b"\r\n"))) > _LONGEST_LINE


def encoded(pieces: Sequence[Piece], *, eight_bit: bool) -> list[Piece]:
    """The part's last header field, blank line and body."""
    return [EIGHT_BIT_HEAD, *pieces] if eight_bit else [QUOTED_HEAD, *quoted.encode_pieces(pieces)]
