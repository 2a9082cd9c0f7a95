"""The shared bytes of copies with the same branches, with holes for their own text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from postlude.compose import header, parts, quoted
from postlude.compose.frame import ACT_HOLE, frame
from postlude.compose.layout import LayoutSlot
from postlude.compose.links import OwnLink, SingleLinkSession
from postlude.compose.pieces import Hole, Span, Token, Value, split
from postlude.compose.shape import UNBOUNDED, HoleFill, PartPlan, PartShape, Unshared
from postlude.compose.source import Marks, TemplateSource, value_text
from postlude.dkim import Signer
from postlude.dkim.canonical import relaxed_lines
from postlude.tokens import CopyTokens

_SUBJECT: Final = ACT_HOLE + 1
_FIRST_OWN: Final = _SUBJECT + 1
_MEANS_SOMETHING: Final = re.compile(rb"[:/()]").search
"""In plain text: text that could be a URL, or mark the end of the URL before it."""


class SharedRenderer:
    """Renders by filling holes; None where this recipient's values ask for the one-by-one way."""

    def __init__(
        self,
        message: Sequence[bytes | LayoutSlot],
        bodies: Sequence[tuple[LayoutSlot, bytes, Sequence[Span]]],
        subject: TemplateSource,
        marks: Marks,
        session: parts.Numbered,
        *,
        sample: str,
        eight_bit: bool,
    ) -> None:
        self._fields: Final = marks.fields
        self._sample: Final = sample
        self._session: Final = session
        self._judge: Final = SingleLinkSession(session.policy, session.urls)
        self._own: Final[list[HoleFill]] = []
        self._plans: Final = dict(self._plan(slot, data, spans, eight_bit=eight_bit) for slot, data, spans in bodies)
        html = self._plans.get(LayoutSlot.HTML)
        self._links: Final[list[OwnLink]] = html.own_links if html else []
        self._twins: Final = html.twins if html else None
        self._judge.keep_lines_short(limited=eight_bit)
        self._room: Final = min((plan.room for plan in self._plans.values()), default=UNBOUNDED)
        self._words: Final = any(plan.words for plan in self._plans.values())
        wanted = [(own.number, own.html) for own in self._own if not own.link]
        wanted += [(number, True) for link in self._links for number in link.element.fields]
        self._values: Final = tuple(dict.fromkeys(wanted))
        fixed = None if subject.fixed is None else header.unstructured("Subject", subject.fixed)
        self._whole: Final = frame(self._pieces(message, fixed))
        self.only_tokens: Final = fixed is not None and not self._values
        """Only the tokens differ between recipients."""
        self._head, self._body = self._whole.split()
        self._relaxed: Final = None if eight_bit and self._values else self._body.relaxed()

    def render(self, tokens: CopyTokens, names: Mapping[str, Any], head: bytes) -> bytes | None:
        """The copy; None when it has to be made on its own."""
        pool = self._pool(tokens, names)
        return None if pool is None else self._whole.join(pool, head)

    def signed(
        self, tokens: CopyTokens, names: Mapping[str, Any], head: bytes, signer: Signer, now: int
    ) -> bytes | None:
        """The copy with its DKIM signatures; None when it has to be made on its own."""
        pool = self._pool(tokens, names)
        if pool is None or self._relaxed is None:
            return None
        head = self._head.join(pool, head)
        own = [*pool[:_FIRST_OWN], *map(relaxed_lines, pool[_FIRST_OWN:])]
        relaxed = self._relaxed.join(pool if self.only_tokens else own)
        return b"".join((signer.signatures(head, relaxed, now), head, b"\r\n", self._body.join(pool)))

    def _pool(self, tokens: CopyTokens, names: Mapping[str, Any]) -> list[bytes] | None:
        read, act = tokens[0].encode("ascii"), tokens[1].encode("ascii")
        if self.only_tokens:
            return [read, act]
        own = self._fill(tokens.act, names)
        return None if own is None else [read, act, header.unstructured("Subject", names["subject"]), *own]

    def _fill(self, act: str, names: Mapping[str, Any]) -> list[bytes] | None:
        """This recipient's texts for the holes; None when one of them could change its surroundings."""
        values: dict[tuple[int, bool], bytes] = {}
        for number, html in self._values:
            text = value_text(self._fields[number].evaluate(names), html=html)
            if self._sample in text:
                text = text.replace(self._sample, act)
            values[number, html] = text.encode("utf-8", "replace")
        if not self._holds(values):
            return None
        tails: list[bytes] = []
        if self._links:
            escaped = {number: value for (number, html), value in values.items() if html}
            for link in self._links:
                tail = link.tail(self._judge, escaped)
                if tail is None:
                    return None
                tails.append(tail)
            if not self._twins_hold(escaped):
                return None
        own = [tails[each.number] if each.link else values[each.number, each.html] for each in self._own]
        return [quoted.value(data) if each.quoted else data for each, data in zip(self._own, own, strict=True)]

    def _holds(self, values: Mapping[tuple[int, bool], bytes]) -> bool:
        if sum(map(len, values.values())) > self._room:
            return False
        if self._words and any(_MEANS_SOMETHING(value) for (_, html), value in values.items() if not html):
            return False
        return not any(map(self._session.may_quote_us, values.values()))

    def _twins_hold(self, values: Mapping[int, bytes]) -> bool:
        """Outlook's links find their twins by their address: no two may become alike that were not."""
        if self._twins is None:
            return True
        personal = [link for link in self._links if link.personal]
        found = {link.url(values) for link in personal}
        return len(found) == len({link.address for link in personal}) and not found & self._twins

    def _plan(
        self, slot: LayoutSlot, data: bytes, spans: Sequence[Span], *, eight_bit: bool
    ) -> tuple[LayoutSlot, PartPlan]:
        if eight_bit and parts.too_long(data):
            # Certain only where no value, short or with line ends in it, can make the line shorter.
            pieces = [piece for piece in split(data, (), spans) if isinstance(piece, bytes)]
            if not any(map(parts.too_long, pieces)):
                raise Unshared
            eight_bit = False
        shape = PartShape(data, spans, self._session, html=slot is LayoutSlot.HTML, eight_bit=eight_bit)
        return slot, shape.plan(self._slot_of, self._sample.encode("ascii"))

    def _slot_of(self, own: HoleFill) -> int:
        if own not in self._own:
            self._own.append(own)
        return _FIRST_OWN + self._own.index(own)

    def _pieces(self, message: Sequence[bytes | LayoutSlot], subject: bytes | None) -> Iterator[bytes | Token | Hole]:
        for each in message:
            if isinstance(each, bytes):
                yield each
            elif each is LayoutSlot.SUBJECT:
                yield Hole(_SUBJECT) if subject is None else subject
            elif each is not LayoutSlot.HEAD:
                for piece in self._plans[each].pieces:
                    assert not isinstance(piece, Value)
                    yield piece
