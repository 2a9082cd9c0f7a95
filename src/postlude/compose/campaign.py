"""A campaign's template compiled once, and its copies."""

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from postlude.compose import bodies, header
from postlude.compose.bodies import Span
from postlude.compose.layout import Slot, layout
from postlude.compose.preheader import with_preheader
from postlude.compose.source import Marks, Source, value_text
from postlude.compose.template import ROOTS, CampaignTemplate, Encoding, Fields
from postlude.compose.values import FieldsView, MissingPolicy
from postlude.instrument import LinkReport, Policy, UrlMinter
from postlude.instrument.session import Session

_SAMPLE_COPY: Final = 1
_NO_FIELDS: Final[Mapping[str, object]] = {}


class CampaignUrls(UrlMinter, Protocol):
    """The public URLs of one campaign; `postlude.tokens.Urls` is one."""

    def unsubscribe(self) -> tuple[str, str]:
        """Head and tail of the unsubscribe URL."""
        ...

    def preferences(self) -> tuple[str, str]:
        """Head and tail of the preferences page's URL."""
        ...

    def view(self) -> tuple[str, str]:
        """Head and tail of the view-in-browser URL."""
        ...


def compile_campaign(template: CampaignTemplate, policy: Policy, urls: CampaignUrls) -> "Compiled":
    """Parse once, render for any number of recipients. TemplateError says what the author has to mend."""
    return Compiled(template, policy, urls)


class Compiled:
    """A campaign taken apart. Pure and safe for threads."""

    def __init__(self, template: CampaignTemplate, policy: Policy, urls: CampaignUrls) -> None:
        self._template: Final = template
        self._policy: Final = policy
        self._urls: Final = urls
        self._layout: Final = layout(template)
        self._missing: Final = MissingPolicy(template.missing, template.defaults)
        self._marks: Final = Marks(secrets.token_hex(6))
        self._sample: Final = urls.token(_SAMPLE_COPY)
        self._holes: Final = re.compile(f"{self._marks.pattern.pattern}|{re.escape(self._sample)}")
        # A URL that begins with a field: nobody knows it yet, so it is listed as one that leads somewhere.
        self._leading: Final = re.compile(
            rb"(href[\t\r\n ]*=[\t\r\n ]*[\"']?[\t\r\n ]*)(" + self._marks.in_bytes.pattern + rb")", re.IGNORECASE
        )
        self._pages: Final = self._page_urls(self._sample)
        names = frozenset((*ROOTS, *self._pages))
        self._subject: Final = self._source(template.subject, "subject", names)
        self._preheader: Final = self._source(template.preheader, "preheader", names)
        names |= {"subject", "preheader"}
        self._text: Final = self._source(template.text, "text", names) if template.text.strip() else None
        html = with_preheader(template.html) if template.preheader.strip() else template.html
        self._html: Final = self._source(html, "HTML", names, html=True) if html.strip() else None
        sources = [each for each in (self._subject, self._preheader, self._text, self._html) if each]
        self.fields: Final = tuple(sorted(frozenset[str]().union(*(each.paths for each in sources))))
        """Every field the template looks at: `contact.first_name`."""
        self.opens: Final = policy.opens and self._html is not None
        self.links: Final = self._list_links()
        """Every link, its URL with the fields as they are written; tracked or skipped with the reason."""

    def render(self, token: str, fields: Fields, head: bytes = b"") -> bytes:
        """The copy with this token and these fields; `head` holds whole header fields of this copy (To, Date ...).

        MissingFieldError when a field is empty and must not be, TemplateError when the template's logic fails.
        """
        return self.render_one(token, fields, head)

    def render_one(self, token: str, fields: Fields, head: bytes = b"") -> bytes:
        """As `render`, but nothing is shared with other copies: filled in, then instrumented, then encoded."""
        names = self._names(fields)
        session = self._session()
        filled: dict[Slot, bytes] = {Slot.HEAD: head, Slot.SUBJECT: header.unstructured("Subject", names["subject"])}
        for slot, source in ((Slot.HTML, self._html), (Slot.TEXT, self._text)):
            if source is not None:
                filled[slot] = self._body(source, names, session, token, html=slot is Slot.HTML)
        return b"".join([each if isinstance(each, bytes) else filled[each] for each in self._layout])

    def subject(self, fields: Fields) -> str:
        """The subject as this recipient reads it."""
        subject: str = self._names(fields)["subject"]
        return subject

    def _source(self, text: str, where: str, names: frozenset[str], *, html: bool = False) -> Source:
        if html or where == "text":
            text = text if text.endswith("\n") else text + "\n"
        return Source(text, where, names, self._marks, self._pages, html=html)

    def _page_urls(self, token: str) -> dict[str, str]:
        pages = {
            "unsubscribe_url": self._urls.unsubscribe(),
            "preferences_url": self._urls.preferences(),
            "view_url": self._urls.view(),
        }
        return {name: head + token + tail for name, (head, tail) in pages.items()}

    def _session(self) -> Session:
        return Session(self._policy, self._urls)

    def _names(self, fields: Fields) -> dict[str, Any]:
        names: dict[str, Any] = {root: FieldsView(root, fields.get(root, _NO_FIELDS), self._missing) for root in ROOTS}
        names.update(self._pages)
        names["subject"], names["preheader"] = (
            header.one_line(self._subject.fill(names)),
            header.one_line(self._preheader.fill(names)),
        )
        return names

    def _body(self, source: Source, names: Mapping[str, Any], session: Session, token: str, *, html: bool) -> bytes:
        data, spans = self._filled(source.skeleton(names), names, token, html=html)
        eight_bit = self._template.encoding is Encoding.EIGHT_BIT and not bodies.too_long(data)
        edits = bodies.edits_of(data, session, html=html, limited=eight_bit)
        pieces = bodies.encoded(bodies.pieces_of(data, edits, spans), eight_bit=eight_bit)
        return bodies.joined(pieces, token.encode("ascii"))

    def _filled(self, skeleton: str, names: Mapping[str, Any], token: str, *, html: bool) -> tuple[bytes, list[Span]]:
        out: list[bytes] = []
        spans: list[Span] = []
        at = size = 0
        for match in self._holes.finditer(skeleton):
            out.append(skeleton[at : match.start()].encode("utf-8", "replace"))
            size += len(out[-1])
            field = match[1]
            text = token if field is None else value_text(self._marks.fields[int(field)].evaluate(names), html=html)
            out.append(text.encode("utf-8", "replace"))
            spans.append(Span(size, size + len(out[-1]), field is None))
            size += len(out[-1])
            at = match.end()
        out.append(skeleton[at:].encode("utf-8", "replace"))
        return b"".join(out), spans

    def _list_links(self) -> tuple[LinkReport, ...]:
        session = self._session()
        for source, html in ((self._html, True), (self._text, False)):
            if source is not None:
                data = self._leading.sub(rb"\1https://\2", source.everything.encode("utf-8", "replace"))
                bodies.edits_of(data, session, html=html, limited=False)
        return tuple(
            msgspec.structs.replace(link, url=self._readable(link.url), label=self._readable(link.label))
            for link in session.links
        )

    def _readable(self, text: str) -> str:
        for name, url in self._pages.items():
            text = text.replace(url, "{{ " + name + " }}")
        return self._marks.readable(text)
