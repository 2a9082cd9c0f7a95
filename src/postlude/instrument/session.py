"""State of one message while it is instrumented: policy, our URLs, the count of links."""

import re
import sys
from typing import Final

from postlude.instrument import lines
from postlude.instrument import url as u
from postlude.instrument.minter import TOKEN_LENGTH, RecognisedUrl, UrlMinter
from postlude.instrument.policy import Policy
from postlude.instrument.reasons import LinkReason
from postlude.instrument.report import LinkReport
from postlude.instrument.utm import Utm
from postlude.mail.limits import LINKS

MAX_POSITION: Final = LINKS - 1
MAX_URL: Final = 7_500
"""Characters of a tracked URL: request lines of 8 kB pass every server and proxy."""
UNLIMITED: Final = sys.maxsize
_LIKE_A_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}").search


Minted = tuple[bytes, bytes]
"""A link that is tracked: the bytes around its token."""


class InstrumentSession:
    """Decides about every link of one message and collects the reports."""

    def __init__(self, policy: Policy, urls: UrlMinter, unsubscribe: frozenset[str] = frozenset()) -> None:
        self.policy: Final = policy
        self.urls: Final = urls
        self.links: Final[list[LinkReport]] = []
        pixel_head, pixel_tail = urls.pixel()
        link_head, _ = urls.link(0, "https://example.com/")
        self.pixel: Final = (pixel_head, pixel_tail)
        self.host: Final = u.host_of(link_head)
        self._heads: Final = tuple(
            {head.partition("://")[0] + "://" + self._authority(head) for head in (pixel_head, link_head)}
        )
        self._needles: Final = frozenset(
            self._authority(head).partition(":")[0].encode() for head in (pixel_head, link_head)
        )
        own = urls.recognise(pixel_head + urls.token(1) + pixel_tail)
        self._ref: Final = (own.ref.kind, own.ref.scope) if own else None
        self._unsubscribe: Final = unsubscribe
        self._picky: Final = bool(policy.positions or policy.exclude or policy.universal_hosts)
        self._off: Final = LinkReason.NONE if policy.clicks else LinkReason.CLICKS_OFF
        self._off_in_text: Final = self._off if self._off or policy.text else LinkReason.TEXT_OFF
        self._utm: Final = Utm(policy.utm) if policy.utm else None
        self.max_url = MAX_URL
        """Lower while a part is edited whose lines must stay short."""
        self.max_value = UNLIMITED
        """Bytes of an attribute's value; a line's length while lines must stay short."""
        self._next = 0

    @staticmethod
    def _authority(url: str) -> str:
        return url.partition("://")[2].partition("/")[0]

    def keep_lines_short(self, *, limited: bool) -> None:
        """Whether what is minted from now on must fit a line of an unencoded part."""
        self.max_url = lines.LONGEST_URL if limited else MAX_URL
        self.max_value = lines.LONGEST_VALUE if limited else UNLIMITED

    def may_quote_us(self, data: bytes) -> bool:
        """Our host's name occurs in these bytes, however the rest is spelled."""
        return any(needle in data for needle in self._needles)

    def own(self, url: str) -> RecognisedUrl | None:
        """The URL of ours this is, also behind an image proxy that keeps the original as its fragment.

        A URL that carries the token of a copy's pages is ours as well: a link that is passed on must not lead to it.
        """
        if url.startswith(self._heads):
            return self.urls.recognise(url)
        if "#" in url:
            fragment = url.rpartition("#")[2]
            if fragment.startswith(self._heads):
                return self.urls.recognise(fragment)
        return self.urls.recognise(url) if _LIKE_A_TOKEN(url) else None

    def is_mine(self, own: RecognisedUrl) -> bool:
        """It was made for this very message or campaign."""
        return (own.ref.kind, own.ref.scope) == self._ref

    def next_position(self) -> int:
        """The next link's position."""
        self._next += 1
        return self._next - 1

    def judge(
        self, url: str, label: str, position: int, *, where: str, opted_out: bool = False, host: str = ""
    ) -> LinkReason:
        """NONE when the link is to be tracked, else the first reason against it.

        `host` is the result of `plain_host` for the URL, if already known.
        """
        if not host:
            reason, host = u.form(url)
            if reason is not LinkReason.NONE:
                return reason
        if opted_out:
            return LinkReason.OPTED_OUT
        if self._picky or position > MAX_POSITION:
            reason = self._excluded(url, host, position)
            if reason is not LinkReason.NONE:
                return reason
        if url in self._unsubscribe or u.unsubscribes(url, label):
            return LinkReason.UNSUBSCRIBE
        if label and not self.policy.visible_urls and u.shows_other_host(label, self.host, host):
            return LinkReason.TEXT_SHOWS_HOST
        return self._off_in_text if where == "text" else self._off

    def _excluded(self, url: str, host: str, position: int) -> LinkReason:
        policy = self.policy
        if position > MAX_POSITION:
            return LinkReason.TOO_MANY
        if position in policy.positions or u.excluded(url, host, policy.exclude):
            return LinkReason.EXCLUDED
        return LinkReason.UNIVERSAL_LINK if u.under(host, policy.universal_hosts) else LinkReason.NONE

    def destination(self, url: str, label: str, position: int) -> str:
        """The URL with the UTM parameters the policy asks for."""
        return self._utm.add(url, label, position) if self._utm else url

    def mint(self, position: int, url: str) -> Minted | None:
        """The tracked URL; None when it would be too long."""
        if len(url) > self.max_url:
            return None
        try:
            head, tail = self.urls.link(position, url)
        except UnicodeEncodeError:
            return None
        if len(head) + TOKEN_LENGTH + len(tail) > self.max_url:
            return None
        return head.encode("ascii"), tail.encode("ascii")

    def report(self, position: int, url: str, label: str, reason: LinkReason, where: str) -> None:
        """Put one link on the list."""
        self.links.append(LinkReport(position, url, label, reason is LinkReason.NONE, reason, where))


def own_link(url: str, own: RecognisedUrl, session: InstrumentSession) -> tuple[str, LinkReason]:
    """Where a URL of ours leads, and what it is."""
    inner = session.own(own.destination) if own.endpoint == "link" else own
    if inner is not None and inner.endpoint != "link":
        return url, LinkReason.OWN_PAGE
    return own.destination, LinkReason.ALREADY_TRACKED if session.is_mine(own) else LinkReason.QUOTED
