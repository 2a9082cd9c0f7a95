"""The four texts of a campaign with what its author decided about fields: everything in it that is a program."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from postlude.compose.layout import LayoutSlot
from postlude.compose.preheader import with_preheader
from postlude.compose.source import Marks, TemplateSource
from postlude.compose.template import ROOTS, CampaignTemplate, Fields, Missing
from postlude.compose.values import FieldsView, MissingPolicy
from postlude.mail.header_text import one_line

_NO_FIELDS: Final[Mapping[str, object]] = {}
Skeletons = tuple[str, str]


class Recipe(msgspec.Struct, frozen=True):
    """What `Texts` is made of, so that another process can make the same."""

    subject: str
    preheader: str
    html: str
    text: str
    missing: Missing
    defaults: Mapping[str, str]
    nonce: str
    """Of the placeholders."""
    pages: Mapping[str, str]
    """The sample addresses of a copy's pages."""


class Decided(NamedTuple):
    """What the template's logic makes for one recipient."""

    subject: str
    preheader: str
    skeletons: Skeletons
    """Of the bodies that there are, in order: plain fields are still placeholders."""


def recipe_of(template: CampaignTemplate, nonce: str, pages: Mapping[str, str]) -> Recipe:
    """The template without its constant parts."""
    html = with_preheader(template.html) if template.preheader.strip() else template.html
    return Recipe(
        template.subject, template.preheader, html, template.text, template.missing, template.defaults, nonce, pages
    )


class Texts:
    """The texts taken apart. TemplateError says what the author has to mend. Safe for threads."""

    def __init__(self, recipe: Recipe) -> None:
        self.marks: Final = Marks(recipe.nonce)
        self._missing: Final = MissingPolicy(recipe.missing, recipe.defaults)
        self._pages: Final = recipe.pages
        names = frozenset((*ROOTS, *self._pages))
        self.subject: Final = self._source(recipe.subject, "subject", names)
        self._preheader: Final = self._source(recipe.preheader, "preheader", names)
        names |= {"subject", "preheader"}
        html = self._source(recipe.html, "HTML", names, html=True) if recipe.html.strip() else None
        text = self._source(recipe.text, "text", names) if recipe.text.strip() else None
        self.has_html: Final = html is not None
        self.bodies: Final = [
            (slot, source) for slot, source in ((LayoutSlot.HTML, html), (LayoutSlot.TEXT, text)) if source is not None
        ]
        sources = [self.subject, self._preheader, *(source for _, source in self.bodies)]
        self.fields: Final = tuple(sorted(frozenset[str]().union(*(each.paths for each in sources))))
        """Every field the template looks at: `contact.first_name`."""
        self.constant: Final = all(source.constant for _, source in self.bodies)
        """The bodies hold no logic: only text and fields."""
        self.cheap: Final = all(source.cheap for source in sources)
        """What they cost is known: little, whatever the fields hold."""

    def _source(self, text: str, where: str, names: frozenset[str], *, html: bool = False) -> TemplateSource:
        if html or where == "text":
            text = text if text.endswith("\n") else text + "\n"
        return TemplateSource(text, where, names, self.marks, self._pages, html=html)

    def decide(self, fields: Fields) -> Decided:
        """For one recipient. MissingFieldError and TemplateError."""
        names = self.names(fields)
        return Decided(names["subject"], names["preheader"], self.skeletons(names))

    def names(self, fields: Fields, decided: Decided | None = None) -> dict[str, Any]:
        """What the names in the bodies stand for; the logic of subject and preheader is not run if it is `decided`."""
        names: dict[str, Any] = {root: FieldsView(root, fields.get(root, _NO_FIELDS), self._missing) for root in ROOTS}
        names.update(self._pages)
        if decided is None:
            names["preheader"] = one_line(self._preheader.fill(names))
            names["subject"] = one_line(self.subject.fill(names))
        else:
            names["preheader"], names["subject"] = decided.preheader, decided.subject
        return names

    def skeletons(self, names: Mapping[str, Any]) -> Skeletons:
        """The bodies with placeholders for their plain fields."""
        first, *more = [source.skeleton(names) for _, source in self.bodies]
        return first, more[0] if more else ""
