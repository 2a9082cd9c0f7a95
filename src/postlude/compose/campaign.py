"""A campaign's template compiled once, and its copies."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from postlude.compose import header, parts
from postlude.compose.layout import LayoutSlot, layout
from postlude.compose.numbering import Numbering
from postlude.compose.pieces import Span, joined, split
from postlude.compose.shape import Unshared
from postlude.compose.shared import SharedRenderer
from postlude.compose.source import value_text
from postlude.compose.template import CampaignTemplate, Encoding, Fields
from postlude.compose.texts import Decided, Skeletons, Texts, recipe_of
from postlude.dkim import Signer
from postlude.instrument import Policy, UrlMinter
from postlude.kit.bounded import WeightedCache
from postlude.model.split_url import SplitUrl
from postlude.model.words import Tracked
from postlude.tokens import CopyTokens

_SAMPLE_COPY: Final = 1
_SHAPES_BYTES: Final = 32 << 20


class CampaignUrls(UrlMinter, Protocol):
    """The public URLs of one campaign; `postlude.tokens.Urls` is one."""

    def act_token(self, copy: int, /) -> str:
        """The token of a copy's pages: 36 characters of base64url."""
        ...

    def unsubscribe(self) -> SplitUrl:
        """The unsubscribe URL."""
        ...

    def preferences(self) -> SplitUrl:
        """The preferences page's URL."""
        ...

    def view(self) -> SplitUrl:
        """The view-in-browser URL."""
        ...


def compile_campaign(template: CampaignTemplate, policy: Policy, urls: CampaignUrls) -> "CompiledCampaign":
    """Parse once, render for any number of recipients. TemplateError names what the author has to correct."""
    return CompiledCampaign(template, policy, urls)


class CompiledCampaign:
    """A campaign taken apart. Pure and safe for threads."""

    def __init__(self, template: CampaignTemplate, policy: Policy, urls: CampaignUrls) -> None:
        self._policy: Final = policy
        self._urls: Final = urls
        self._eight_bit: Final = template.encoding is Encoding.EIGHT_BIT
        self._layout: Final = layout(template)
        self._sample: Final = urls.act_token(_SAMPLE_COPY)
        self._pages: Final = self._page_urls(self._sample)
        self.recipe: Final = recipe_of(template, secrets.token_hex(6), self._pages)
        """What another process needs to decide about copies (`Texts.decide`)."""
        texts = Texts(self.recipe)
        self._texts: Final = texts
        self._marks: Final = texts.marks
        self._bodies: Final = texts.bodies
        self.fields: Final = texts.fields
        """Every field the template looks at: `contact.first_name`."""
        self.cheap: Final = texts.cheap
        """What a copy costs is known: little, whatever its fields hold."""
        self.opens: Final = policy.opens and texts.has_html
        self._numbering: Final = Numbering(policy, urls, self._marks, self._bodies)
        self.links: Final = tuple(
            msgspec.structs.replace(link, url=self._readable(link.url), label=self._readable(link.label))
            for link in self._numbering.links
        )
        """Every link, its URL with the fields as they are written; tracked or skipped with the reason."""
        clicks = Tracked.CLICKS if any(link.tracked for link in self.links) else Tracked.NOTHING
        self.tracked: Final = int((Tracked.OPENS if self.opens else Tracked.NOTHING) | clicks)
        """What can be seen of a copy."""
        written = f"{template.subject}{template.preheader}{template.html}{template.text}"
        self.names_pages: Final = any(name in written for name in self._pages)
        """It may contain the URL of one of the copy's pages, so that `render` needs the act token."""
        self._shapes: Final[WeightedCache[Skeletons, tuple[SharedRenderer | None]]] = WeightedCache(_SHAPES_BYTES)
        self._seen: Final[WeightedCache[Skeletons, bool]] = WeightedCache(_SHAPES_BYTES)
        self._constant: Final = texts.constant
        self._always: Final = self._share(texts.skeletons({})) if texts.constant else None

    def render(self, tokens: CopyTokens, fields: Fields, head: bytes = b"", decided: Decided | None = None) -> bytes:
        """The copy with these tokens and fields; `head` contains complete header fields of this copy (To, Date ...).

        Byte for byte what `render_one` returns. MissingFieldError when a field is empty and must not be,
        TemplateError when the template's logic fails. With `decided` the logic is not run here.
        """
        names, shared = self._prepared(fields, decided)
        done = shared.render(tokens, names, head) if shared is not None else None
        return self.render_one(tokens, fields, head, decided) if done is None else done

    def render_signed(  # noqa: PLR0917 - as `render`, with who signs it
        self,
        tokens: CopyTokens,
        fields: Fields,
        head: bytes,
        signer: Signer,
        now: int,
        decided: Decided | None = None,
    ) -> bytes:
        """What `signer.sign(self.render(tokens, fields, head), now)` returns, for less: `now` is in microseconds."""
        names, shared = self._prepared(fields, decided)
        done = shared.signed(tokens, names, head, signer, now) if shared is not None else None
        return signer.sign(self.render(tokens, fields, head, decided), now) if done is None else done

    def _prepared(self, fields: Fields, decided: Decided | None) -> tuple[dict[str, Any], SharedRenderer | None]:
        if self._always is not None and self._always.only_tokens:
            return {}, self._always
        names = self._texts.names(fields, decided)
        if self._constant:
            return names, self._always
        return names, self._shape_for(self._texts.skeletons(names) if decided is None else decided.skeletons)

    def render_one(
        self, tokens: CopyTokens, fields: Fields, head: bytes = b"", decided: Decided | None = None
    ) -> bytes:
        """As `render`, without sharing between copies: filled in, then instrumented, then encoded."""
        names = self._texts.names(fields, decided)
        key = self._texts.skeletons(names) if decided is None else decided.skeletons
        session = parts.Numbered(self._policy, self._urls, () if self._constant else self._numbering.numbers(key))
        filled: dict[LayoutSlot, bytes] = {
            LayoutSlot.HEAD: head,
            LayoutSlot.SUBJECT: header.unstructured("Subject", names["subject"]),
        }
        for (slot, _), skeleton in zip(self._bodies, key, strict=False):
            filled[slot] = self._body(skeleton, names, session, tokens, html=slot is LayoutSlot.HTML)
        return b"".join([each if isinstance(each, bytes) else filled[each] for each in self._layout])

    def subject(self, fields: Fields) -> str:
        """The subject as this recipient reads it."""
        subject: str = self._texts.names(fields)["subject"]
        return subject

    def _page_urls(self, token: str) -> dict[str, str]:
        pages = {
            "unsubscribe_url": self._urls.unsubscribe(),
            "preferences_url": self._urls.preferences(),
            "view_url": self._urls.view(),
        }
        return {name: url.around(token) for name, url in pages.items()}

    def _shape_for(self, key: Skeletons) -> SharedRenderer | None:
        """The shared part of copies with the same branches; pays off from the second copy on."""
        if self._seen.get(key) is None:
            self._seen.put(key, True, sum(map(len, key)))  # noqa: FBT003 - a set with a limit
            return None
        known = self._shapes.get(key)
        if known is None:
            known = (self._share(key),)
            self._shapes.put(key, known, 6 * sum(map(len, key)))
        return known[0]

    def _share(self, key: Skeletons) -> SharedRenderer | None:
        numbers: Sequence[int] = () if self._constant else self._numbering.numbers(key)
        try:
            return SharedRenderer(
                self._layout,
                self._marked_bodies(key),
                self._texts.subject,
                self._marks,
                parts.Numbered(self._policy, self._urls, numbers),
                sample=self._sample,
                eight_bit=self._eight_bit,
            )
        except Unshared:
            return None

    def _marked_bodies(self, key: Skeletons) -> list[tuple[LayoutSlot, bytes, list[Span]]]:
        return [
            (slot, *self._marked(skeleton, html=slot is LayoutSlot.HTML))
            for (slot, _), skeleton in zip(self._bodies, key, strict=False)
        ]

    def _marked(self, skeleton: str, *, html: bool) -> tuple[bytes, list[Span]]:
        """The skeleton's bytes, and where its holes are."""
        written = skeleton.encode("utf-8", "replace")
        holes = re.compile(f"{self._marks.pattern.pattern}|{re.escape(self._sample)}".encode())
        first = self._numbering.leading(written) if html else frozenset()
        assumed = [match.start() in first for match in holes.finditer(written)]
        data = self._numbering.followable(written) if html else written
        return data, [
            Span(match.start(), match.end(), -1 if match[1] is None else int(match[1]), match[1] is None, leads)
            for match, leads in zip(holes.finditer(data), assumed, strict=True)
        ]

    def _body(
        self, skeleton: str, names: Mapping[str, Any], session: parts.Numbered, tokens: CopyTokens, *, html: bool
    ) -> bytes:
        data, spans = self._filled(skeleton, names, tokens.act, html=html)
        eight_bit = self._eight_bit and not parts.too_long(data)
        edits = parts.edits_of(data, session, html=html, limited=eight_bit)
        pieces = parts.encoded(split(data, edits, spans), eight_bit=eight_bit)
        return joined(pieces, tokens.read.encode("ascii"), tokens.act.encode("ascii"))

    def _filled(self, skeleton: str, names: Mapping[str, Any], act: str, *, html: bool) -> tuple[bytes, list[Span]]:
        out: list[bytes] = []
        spans: list[Span] = []
        at = size = 0
        for match in self._holes(skeleton):
            out.append(skeleton[at : match.start()].encode("utf-8", "replace"))
            size += len(out[-1])
            field = match[1] if match.re.groups else None
            text = act
            if field is not None:
                text = value_text(self._marks.fields[int(field)].evaluate(names), html=html).replace(self._sample, act)
            out.append(text.encode("utf-8", "replace"))
            spans.append(Span(size, size + len(out[-1]), token=field is None))
            size += len(out[-1])
            at = match.end()
        out.append(skeleton[at:].encode("utf-8", "replace"))
        return b"".join(out), spans

    def _holes(self, skeleton: str) -> list[re.Match[str]]:
        """Placeholders and sample tokens, in order; two patterns, so that each begins with letters to look for."""
        tokens = re.finditer(re.escape(self._sample), skeleton)
        return sorted((*self._marks.pattern.finditer(skeleton), *tokens), key=lambda match: match.start())

    def _readable(self, text: str) -> str:
        for name, url in self._pages.items():
            text = text.replace(url, "{{ " + name + " }}")
        return self._marks.readable(text)
