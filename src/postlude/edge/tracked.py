"""The two frequent endpoints: the pixel and the link."""

from typing import Final

from postlude.edge import records
from postlude.edge.answer import without_body
from postlude.edge.core import SCOPE_BYTES, Core, Waiter, copy_of
from postlude.edge.headers import RequestHead
from postlude.edge.location import location, wanted_host
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import Request
from postlude.edge.target import Target, readings, without_query
from postlude.model.words import HitEndpoint
from postlude.tokens import DEAD_TOKEN, CopyRef, Use, split_link, unpacked

_READS: Final = frozenset({"GET", "HEAD"})
_HALF: Final = b"ABCDEFGHIJKLMabcdefghijklm"
_OTHER_HALF: Final = b"NOPQRSTUVWXYZnopqrstuvwxyz"
_TURNED: Final = bytes.maketrans(_HALF + _OTHER_HALF, _OTHER_HALF + _HALF)
"""ROT13, as some filters change what a link carries."""
_VERIFIED: Final = 4096
_REMEMBERED_BYTES: Final = 1024  # with _VERIFIED at most 8 MB


class Pixel:
    """A valid image for every path under its prefix; a hit only with a valid token. HEAD is one that never counts."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def fast(self, token: bytes, rest: bytes, head: RequestHead, conn: Waiter) -> bytes | None:
        """A plain GET. None: the answer follows when the hit is durable."""
        return self.slow(Request("GET", b"/-/" + token + b"/" + rest, head, b"", keep_alive=True), conn)

    def slow(self, request: Request, conn: Waiter) -> bytes | None:
        """Any method, any spelling."""
        core = self._core
        payload = next(filter(None, map(self._payload, readings(request.target))), None)
        if payload is None:
            return core.done(request, RequestOutcome.BAD_TOKEN, core.answers.gif("bad-token"))
        if request.method not in _READS:
            return core.done(request, RequestOutcome.WRONG_METHOD, core.answers.gif("method"))
        if unpacked(payload).copy in core.revoked.now.opens:
            return core.done(request, RequestOutcome.REVOKED, core.answers.pixel)
        core.store(request, conn, (HitEndpoint.PIXEL, payload, -1), _for_method(request, core.answers.pixel))
        return None

    def _payload(self, target: Target) -> bytes | None:
        token = without_query(target.token)
        return self._core.codec.verify_read(token[: -4 if token.lower().endswith(b".gif") else None])


class LinkEndpoint:
    """302 to the signed destination, or a page that names the host of a changed one.

    Verified destinations are cached by everything their MAC covers and the MAC itself, so a campaign's link is verified
    once and its recipients' tokens every time.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[bytes, tuple[int, bytes]] = {}

    def forget(self) -> None:
        """Verify every destination again: links were stopped or replaced."""
        self._known.clear()

    def known(self, payload: bytes, rest: bytes) -> tuple[int, bytes] | None:
        """Position and location of a link that was verified before."""
        return self._known.get(payload[:SCOPE_BYTES] + rest)

    def fast(self, token: bytes, rest: bytes, head: RequestHead, conn: Waiter) -> bytes | None:
        """A plain GET. None: the answer follows when the hit is durable."""
        core = self._core
        payload = core.codec.verify_read(token)
        known = self.known(payload, rest) if payload else None
        if payload is None or known is None or copy_of(payload) in core.revoked.now.clicks:
            target = b"/-/" + token + b"/" + rest
            return self.slow(Request("GET", target, head, b"", keep_alive=True), conn)
        position, answer = known
        conn.answer, conn.lost_answer = core.answers.redirect(answer), None
        end = core.visitor(conn, head).hit(head)
        core.queue.add(records.hit(core.clock.now(), (HitEndpoint.LINK, payload, position), "GET", end), conn)
        return None

    def slow(self, request: Request, conn: Waiter) -> bytes | None:
        """Any method, any spelling."""
        core = self._core
        found = next(filter(None, map(self._signed, readings(request.target))), None)
        if found is None:
            return self._damaged(request, conn)
        payload, position, url, rest = found
        if request.method not in _READS:
            allow = {"Allow": "GET, HEAD, OPTIONS"}
            return core.done(
                request, RequestOutcome.WRONG_METHOD, core.answers.text(405, "Method not allowed\n", allow)
            )
        ref = unpacked(payload)
        replaced = core.revoked.now.links.get((ref.kind, ref.scope, position))
        where = location(self._harmless(url, ref) if replaced is None else replaced)
        if where is None:
            return self._unfit(request, url, stopped=replaced is not None)
        answer = core.answers.redirect(where)
        if replaced is not None or ref.copy in core.revoked.now.clicks:
            return core.done(request, RequestOutcome.REVOKED if replaced is None else RequestOutcome.STOPPED, answer)
        self._remember(payload[:SCOPE_BYTES] + rest, position, where)
        core.store(request, conn, (HitEndpoint.LINK, payload, position), _for_method(request, answer))
        return None

    def _damaged(self, request: Request, conn: Waiter) -> bytes | None:
        """A page instead of a redirect. Where a genuine token shows through, some filter may have changed the rest."""
        core = self._core
        payload = next(filter(None, map(self._token_in, readings(request.target))), None)
        body = core.pages.forged(request.head.language, _wanted(request.target))
        if payload is None or request.method not in _READS or copy_of(payload) in core.revoked.now.clicks:
            return core.done(request, RequestOutcome.FORGED_LINK, core.page(404, body))
        hit_of = HitEndpoint.DAMAGED_LINK, payload, -1
        core.store(request, conn, hit_of, _for_method(request, core.page(404, body)))
        return None

    def _token_in(self, target: Target) -> bytes | None:
        """The payload of the token, also where its letters were turned by half the alphabet."""
        verify = self._core.codec.verify_read
        return verify(target.token) or verify(target.token.translate(_TURNED))

    def _harmless(self, url: str, ref: CopyRef) -> str:
        """The destination without tokens that act: a link is passed on, and its holder must gain nothing by it.

        New mail has no such links; mail in which an author put something behind `{{ view_url }}` had. A token from
        before there were two acts itself where it stands in the link: then nothing is gained.
        """
        for token, found in dict(self._core.codec.find_acting(url)).items():
            if ref.use is not Use.BOTH or found != ref:
                url = url.replace(token, DEAD_TOKEN) if token in url else ""  # spelled so that no mail of ours had it
        return url

    def _unfit(self, request: Request, url: str, *, stopped: bool) -> bytes:
        if not stopped:
            page = self._core.pages.forged(request.head.language, wanted_host(url))
            return self._core.done(request, RequestOutcome.REFUSED_LINK, self._core.page(404, page))
        body = self._core.pages.plain(request.head.language, "stopped_title", "stopped_explained")
        return self._core.done(request, RequestOutcome.STOPPED, self._core.page(410, body))

    def _remember(self, key: bytes, position: int, where: bytes) -> None:
        if len(key) > _REMEMBERED_BYTES:
            return
        if len(self._known) >= _VERIFIED:
            self._known.clear()
        self._known[key] = (position, where)

    def _signed(self, target: Target) -> tuple[bytes, int, str, bytes] | None:
        payload = self._core.codec.verify_read(target.token)
        if payload is None:
            return None
        ref = unpacked(payload)
        for rest in dict.fromkeys((target.rest, without_query(target.rest))):
            url = self._destination(ref, rest)
            if url is not None:
                return payload, url[0], url[1], rest
        return None

    def _destination(self, ref: CopyRef, rest: bytes) -> tuple[int, str] | None:
        parts = split_link(rest.decode("latin-1"))
        if parts is None:
            return None
        position, mac, encoded = parts
        url = self._core.codec.read_link(ref, position, mac, encoded.encode("latin-1"))
        return None if url is None else (position, url)


def _for_method(request: Request, answer: bytes) -> bytes:
    return without_body(answer) if request.method == "HEAD" else answer


def _wanted(target: bytes) -> str:
    """The host of an unsigned destination."""
    for reading in readings(target):
        parts = split_link(reading.rest.decode("utf-8", "replace"))
        host = wanted_host(parts[2]) if parts else ""
        if host:
            return host
    return ""
