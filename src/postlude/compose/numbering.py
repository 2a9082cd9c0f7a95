"""Which number a link has: its place in the template, whatever branches of it a recipient gets to see."""

import re
from collections.abc import Sequence
from typing import Final

from postlude.compose import parts
from postlude.compose.layout import LayoutSlot
from postlude.compose.links import ASSUMED
from postlude.compose.source import Marks, TemplateSource
from postlude.instrument import LinkReport, Policy, UrlMinter


class Numbering:
    """The list of all links of a template, and the positions of one skeleton's links in it."""

    def __init__(
        self, policy: Policy, urls: UrlMinter, marks: Marks, bodies: Sequence[tuple[LayoutSlot, TemplateSource]]
    ) -> None:
        self._policy: Final = policy
        self._urls: Final = urls
        self._marks: Final = marks
        self._slots: Final = [slot for slot, _ in bodies]
        # A URL that begins with a field is not known yet; it is listed as a trackable one.
        self._leading: Final = re.compile(
            rb"(href[\t\r\n ]*=[\t\r\n ]*[\"']?[\t\r\n ]*)(" + marks.in_bytes.pattern + rb")", re.IGNORECASE
        )
        self.links: Final = self._reports([source.everything for _, source in bodies])
        """URLs and labels with placeholders."""
        self._patterns: Final = [self._pattern(link.url) for link in self.links]

    def followable(self, data: bytes) -> bytes:
        """The data with `https://` before every field that an address begins with."""
        return self._leading.sub(rb"\1" + ASSUMED + rb"\2", data)

    def leading(self, data: bytes) -> frozenset[int]:
        """Where those fields begin, before that."""
        return frozenset(match.start(2) for match in self._leading.finditer(data))

    def numbers(self, skeletons: Sequence[str]) -> tuple[int, ...]:
        """The numbers of the skeletons' links, in order; a link that nothing in the template explains comes behind."""
        numbers: list[int] = []
        after = 0
        strange = len(self.links)
        for report in self._reports(skeletons):
            ahead = (each for each in range(after, len(self.links)) if self._is(report, each))
            found = next(ahead, -1)
            if found < 0:  # a loop has come round: the most special of those before
                behind = [each for each in range(after) if self._is(report, each)]
                found = max(behind, key=lambda each: len(self._patterns[each].pattern), default=-1)
            if found < 0:
                found, strange = strange, strange + 1
            else:
                after = found + 1
            numbers.append(found)
        return tuple(numbers)

    def _reports(self, texts: Sequence[str]) -> tuple[LinkReport, ...]:
        session = parts.Numbered(self._policy, self._urls)
        for slot, text in zip(self._slots, texts, strict=False):
            data = text.encode("utf-8", "replace")
            html = slot is LayoutSlot.HTML
            parts.edits_of(self.followable(data) if html else data, session, html=html, limited=False)
        return tuple(sorted(session.links, key=lambda link: link.position))

    def _is(self, report: LinkReport, place: int) -> bool:
        listed = self.links[place]
        if (listed.where == "text") != (report.where == "text"):
            return False
        return listed.url == report.url or self._patterns[place].fullmatch(report.url) is not None

    def _pattern(self, url: str) -> re.Pattern[str]:
        """The URL with anything in its fields' places."""
        pieces = self._marks.leading.split(url)[::2]
        return re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)
