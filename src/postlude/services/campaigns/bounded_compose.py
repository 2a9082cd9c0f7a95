"""Compose for web pages: in a child process, bounded in time and memory.

A template's author decides its cost: two nested loops run for ever, `'a' * 10**10` needs 10 GB, 20,000 selectors on
5,000 elements take seconds. None of these may stop the process that also digests, sends and serves.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, ParamSpec, TypeVar

import msgspec

from postlude.compose import CampaignTemplate, Decided, Fields, Recipe, TemplateError, Texts, compile_campaign
from postlude.instrument import LinkReport, Policy
from postlude.kit.bounded_child import Bound, BoundedChildren, BoundExceededError
from postlude.tokens import DEAD_TOKENS, KeyRing, Kind, Prefixes, TokenCodec, Urls

P = ParamSpec("P")
T = TypeVar("T")

SECONDS: Final = 5.0
MEMORY_BYTES: Final = 512 << 20
_CHILDREN: Final = BoundedChildren(seconds=SECONDS, memory_bytes=MEMORY_BYTES)  # starts nothing until it is needed
DECIDED_BYTES: Final = 4 << 20
"""What the logic of a template may make of one copy; larger HTML is cut by every mailbox."""
_FILLED_CHARACTERS: Final = 32 << 20  # with the fields in their places
_DECIDING: Final = BoundedChildren(seconds=SECONDS, memory_bytes=MEMORY_BYTES, result_bytes=DECIDED_BYTES)
_WHY: Final = {
    Bound.TIME: f"it takes more than {SECONDS:.0f} seconds of computing: let it loop over less",
    Bound.MEMORY: f"it needs more than {MEMORY_BYTES >> 20} MB of memory: let it repeat and pad less",
    Bound.RESULT: "what it makes is far larger than any mail may be: let it repeat less",
    Bound.BUSY: "other previews are being made: try again in a few seconds",
}


class CostlyError(TemplateError):
    """The template takes more than a copy may cost. The campaign is held until it is mended."""


class MessageUrls(msgspec.Struct, frozen=True):
    """URLs of one message under one public address, for the composed copy."""

    message: int
    base: str
    prefixes: Prefixes

    def urls(self) -> Urls:
        """URLs that lead nowhere: the keys that sign stay in the parent."""
        codec = TokenCodec(KeyRing({1: bytes(32)}, 1))
        return Urls(codec, self.base, Kind.CAMPAIGN, self.message, self.prefixes)


class TemplateExamination(msgspec.Struct, frozen=True):
    """The result of compiling a template."""

    links: tuple[LinkReport, ...]
    fields: tuple[str, ...]
    opens: bool


class Sample(msgspec.Struct, frozen=True):
    """One copy, with nothing live in it."""

    message: bytes
    subject: str


def examine_template(template: CampaignTemplate, policy: Policy, place: MessageUrls) -> TemplateExamination:
    """Compile; TemplateError names what has to be corrected."""
    return bounded("template", _examine, template, policy, place)


def sample(template: CampaignTemplate, policy: Policy, place: MessageUrls, fields: Fields) -> Sample:
    """Compile and render for one contact. Raises MissingFieldError or TemplateError."""
    plain = {root: dict(values) for root, values in fields.items()}
    return bounded("template", _sample, template, policy, place, plain)


def bounded(where: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`function` in a child; TemplateError of `where` when it takes too much."""
    return _called(_CHILDREN, where, function, *args, **kwargs)


def decide_template(recipe: Recipe, fields: Fields) -> Decided:
    """What a template's logic makes for one recipient; CostlyError when that is too much."""
    plain = {root: dict(values) for root, values in fields.items()}
    return Decided(*_called(_DECIDING, "template", _decide, msgspec.msgpack.encode(recipe), plain))


def _called(children: BoundedChildren, where: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return children.call(function, *args, **kwargs)
    except BoundExceededError as error:
        raise CostlyError(where, 0, _WHY[error.bound]) from error


def _decide(recipe: bytes, fields: Fields) -> tuple[str, str, tuple[str, str]]:
    texts = _texts(recipe)
    decided = texts.decide(fields)
    longest = max((len(str(value)) for values in fields.values() for value in values.values()), default=0)
    if longest * sum(len(texts.marks.pattern.findall(each)) for each in decided.skeletons) > _FILLED_CHARACTERS:
        raise TemplateError("template", 0, _WHY[Bound.RESULT])
    return decided.subject, decided.preheader, decided.skeletons


@lru_cache(maxsize=8)
def _texts(recipe: bytes) -> Texts:
    """Taken apart once a child."""
    return Texts(msgspec.msgpack.decode(recipe, type=Recipe))


def _examine(template: CampaignTemplate, policy: Policy, place: MessageUrls) -> TemplateExamination:
    compiled = compile_campaign(template, policy, place.urls())
    return TemplateExamination(tuple(compiled.links), tuple(compiled.fields), compiled.opens)


def _sample(template: CampaignTemplate, policy: Policy, place: MessageUrls, fields: Fields) -> Sample:
    compiled = compile_campaign(template, policy, place.urls())
    return Sample(compiled.render(DEAD_TOKENS, fields), compiled.subject(fields))
