"""A whole message: the parts that are opened, their edits, and the result between copy tokens."""

import re
from collections.abc import Sequence
from typing import Final

from postlude.instrument import html_part, lines, mime, switches, text_part
from postlude.instrument.assembly import Assembly
from postlude.instrument.base64_body import Base64Pieces
from postlude.instrument.body import open_body
from postlude.instrument.edits import Edit
from postlude.instrument.minter import UrlMinter
from postlude.instrument.policy import Policy
from postlude.instrument.reasons import PartReason
from postlude.instrument.report import Instrumented, LinkReport, PartReport
from postlude.instrument.session import InstrumentSession
from postlude.instrument.transfer import Identity
from postlude.mail.charset import for_part
from postlude.mail.fields import RawField, block_end, read_fields
from postlude.model.split_url import SplitUrl

_HTML: Final = frozenset(("text/html", "application/xhtml+xml"))
_AMP: Final = "text/x-amp-html"
_OPENED: Final = _HTML | {"text/plain", _AMP}
_PGP: Final = re.compile(rb"^-----BEGIN PGP ", re.MULTILINE)
_URL_IN_BRACKETS: Final = re.compile(r"<\s*([^<>\s]+)\s*>")
_DKIM_DOMAIN: Final = re.compile(rb"(?:^|;)\s*d\s*=\s*([^;\s]+)")
_DKIM_FIELDS: Final = re.compile(rb"(?:^|;)\s*h\s*=([^;]*)")
_FROM_DOMAIN: Final = re.compile(rb"@([^\s<>@,;\"()]+)\s*>?\s*(?:\([^)]*\)\s*)?$")


class CompiledMessage:
    """A message taken apart once; every copy is put together from the same pieces."""

    def __init__(
        self,
        pieces: list[list[bytes] | Base64Pieces],
        links: Sequence[LinkReport],
        skipped_parts: Sequence[PartReport],
        *,
        opens: bool,
    ) -> None:
        self.links: Final = tuple(links)
        self.skipped_parts: Final = tuple(skipped_parts)
        self.opens: Final = opens
        self._pieces: Final = pieces
        self._only: Final = pieces[0] if len(pieces) == 1 and isinstance(pieces[0], list) else None

    def render(self, token: str) -> bytes:
        """The copy with this token, byte for byte what `instrument` returns for it."""
        raw = token.encode("ascii")
        if self._only is not None:
            return raw.join(self._only)
        return b"".join([raw.join(each) if isinstance(each, list) else each.render(raw) for each in self._pieces])


def instrument(raw: bytes, policy: Policy, urls: UrlMinter, token: str) -> Instrumented:
    """The message for one recipient. Never raises for any content; parts that cannot be opened stay unchanged.

    `token` is what the minter's codec makes for the copy: letters, digits, `-` and `_`.
    """
    compiled = compile_message(raw, policy, urls)
    message = compiled.render(token)
    return Instrumented(message, compiled.links, compiled.skipped_parts, compiled.opens, message != raw)


def compile_message(
    raw: bytes, policy: Policy, urls: UrlMinter, header: Sequence[RawField] | None = None
) -> CompiledMessage:
    """Parse once, render for any number of recipients. The headers are part of the message and stay the same.

    `header` are its fields where they are read already.
    """
    return _Compiler(raw, policy, urls, header).run()


def look_at(raw: bytes, policy: Policy, urls: UrlMinter | None = None) -> CompiledMessage:
    """What would be tracked and what not; without URLs of ours none is recognised as ours. Not to be sent."""
    return _Compiler(raw, policy, urls or _NoUrls()).run()


def find_links(raw: bytes, policy: Policy, urls: UrlMinter | None = None) -> tuple[LinkReport, ...]:
    """Every link of the message and whether it would be tracked."""
    return look_at(raw, policy, urls).links


def is_message(raw: bytes) -> bool:
    """It begins with header lines and a blank line; anything else is never opened."""
    return mime.starts_with_header(raw) and block_end(raw, 0, len(raw)) is not None


class _NoUrls:
    """Replacement when no token is needed."""

    def token(self, copy: int, /) -> str:
        return str(copy)

    def pixel(self) -> SplitUrl:
        return SplitUrl("https://tracking.invalid/i/", ".gif")

    def link(self, position: int, url: str, /) -> SplitUrl:
        return SplitUrl("https://tracking.invalid/l/", f"/{position}.{'x' * 11}/{'x' * len(url)}")

    def recognise(self, _url: str, /) -> None:
        return None


class _Compiler:
    def __init__(self, raw: bytes, policy: Policy, urls: UrlMinter, header: Sequence[RawField] | None = None) -> None:
        self._raw: Final = raw
        self._newline: Final = lines.newline_of(raw)
        self._skipped: Final[list[PartReport]] = []
        self._opens = False
        found = block_end(raw, 0, len(raw)) if mime.starts_with_header(raw) else None
        known = header if header is not None and found else None
        self._header: Final = known or (read_fields(raw, 0, found[0]) if found else [])
        policy = (switches.switches_of(self._header) if policy.headers else switches.Switches()).apply(policy)
        self._policy: Final = policy
        self._session: Final = InstrumentSession(policy, urls, _unsubscribe_urls(self._header))
        self._pixel_wanted = policy.opens
        self._readable: Final = found is not None

    def run(self) -> CompiledMessage:
        """The complete message."""
        reason = self._closed()
        if reason is not None:
            self._skipped.append(PartReport("", "", reason))
            return CompiledMessage(self._assemble({}), (), self._skipped, opens=False)
        # HTML first, so that the positions of its links do not depend on the text part.
        spliced: dict[int, tuple[int, list[bytes] | Base64Pieces]] = {}
        opened = [part for part in mime.parts(self._raw, self._header) if self._may_open(part)]
        opened.sort(key=lambda part: (part.content_type == "text/plain", part.content_type == _AMP))
        has_html = False
        for part in opened:
            edited = self._edit(part)
            if edited is not None:
                spliced[part.start] = (part.end, edited)
            has_html = has_html or part.content_type in _HTML
        if self._policy.opens and not has_html:
            self._skipped.append(PartReport("", "", PartReason.NO_HTML))
        return CompiledMessage(self._assemble(spliced), self._session.links, self._skipped, opens=self._opens)

    def _closed(self) -> PartReason | None:
        """Why the whole message must stay as it is."""
        if not self._readable:
            return PartReason.NO_HEADERS
        domain = _FROM_DOMAIN.search(mime.first(self._header, "from").strip())
        if domain is None:
            return None
        author = domain[1].decode("latin-1").lower()
        for each in self._header:
            if each.name == "dkim-signature" and (found := _DKIM_DOMAIN.search(each.value)):
                signer = found[1].decode("latin-1").lower()
                if (author == signer or author.endswith("." + signer)) and signer not in self._policy.signing_domains:
                    return PartReason.DKIM_SIGNED
        return None

    def _skip(self, part: mime.MimePart, reason: PartReason) -> None:
        self._skipped.append(PartReport(part.path, part.content_type, reason))

    def _may_open(self, part: mime.MimePart) -> bool:
        if part.reason is not None:
            self._skip(part, part.reason)
        elif part.content_type not in _OPENED:
            return False
        elif part.disposition == "attachment":
            self._skip(part, PartReason.ATTACHMENT)
        else:
            return True
        return False

    def _edit(self, part: mime.MimePart) -> list[bytes] | Base64Pieces | None:
        body = open_body(part.encoding, self._raw[part.start : part.end], self._newline)
        if isinstance(body, PartReason):
            self._skip(part, body)
            return None
        charset = for_part(part.charset, body.decoded, html=part.content_type != "text/plain")
        if charset is None:
            self._skip(part, PartReason.UNSUPPORTED_CHARSET)
        elif b"-----BEGIN PGP " in body.decoded and _PGP.search(body.decoded):
            self._skip(part, PartReason.PGP)
        else:
            edits = self._plan(part, body.decoded, charset, limited=isinstance(body, Identity))
            return body.splice(edits) if edits else None
        return None

    def _plan(self, part: mime.MimePart, data: bytes, charset: str, *, limited: bool) -> list[Edit]:
        self._session.keep_lines_short(limited=limited)
        if part.content_type == "text/plain":
            return text_part.plan_text(data, self._session, charset, limited=limited)
        amp = part.content_type == _AMP
        with_pixel = self._pixel_wanted and not amp
        where, xml = "amp" if amp else "html", part.content_type.endswith("xml")
        planned = html_part.plan_html(data, self._session, charset, where=where, with_pixel=with_pixel, xml=xml)
        if planned.pixel and not amp:
            self._opens, self._pixel_wanted = True, False
        return lines.fit(data, planned.edits, planned.attribute_starts, self._newline) if limited else planned.edits

    def _assemble(self, spliced: dict[int, tuple[int, list[bytes] | Base64Pieces]]) -> list[list[bytes] | Base64Pieces]:
        raw = self._raw
        whole = Assembly()
        at = 0
        for edit in self._own_fields():
            whole.add([raw[at : edit.start]])
            at = edit.end
        for start, (end, edited) in sorted(spliced.items()):
            whole.add([raw[at:start]])
            whole.add(edited)
            at = end
        whole.add([raw[at:]])
        return whole.pieces()

    def _own_fields(self) -> list[Edit]:
        """Our own header lines, which are removed before sending; not those that a signature covers."""
        if not self._policy.headers:
            return []
        named = [each.value for each in self._header if each.name == "dkim-signature"]
        covered = {name for value in named for name in _words(_DKIM_FIELDS.search(value))}
        return [edit for edit in switches.own_fields(self._header) if self._name_at(edit.start) not in covered]

    def _name_at(self, at: int) -> bytes:
        return self._raw[at : self._raw.index(b":", at)].strip().lower()


def _words(listed: re.Match[bytes] | None) -> list[bytes]:
    return [word.strip().lower() for word in listed[1].split(b":")] if listed else []


def _unsubscribe_urls(header: Sequence[RawField]) -> frozenset[str]:
    value = b" ".join(each.value for each in header if each.name == "list-unsubscribe").decode("utf-8", "replace")
    return frozenset(_URL_IN_BRACKETS.findall(value)) if value else frozenset()
