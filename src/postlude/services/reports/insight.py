"""Which topics and kinds of content people respond to: each message once, from counts that the digest keeps."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from postlude.analytics.content_effects import ContentEffects, Effect, Trait, TriedMessage, effects_of
from postlude.kit.clock import to_datetime
from postlude.kit.data_table import CellKind, Column, DataTable
from postlude.kit.time_zones import zone
from postlude.store import Message, MessageContent, Store
from postlude.store.campaigns.rows import Campaign, Funnel

MOST_MESSAGES: Final = 5_000
"""The newest that are looked at."""
SETTLED_US: Final = 2 * 86_400_000_000
"""Messages younger than that may still be answered."""
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS: Final = ((6, "0 to 6"), (9, "6 to 9"), (12, "9 to 12"), (15, "12 to 15"), (18, "15 to 18"), (24, "18 to 24"))
_LENGTHS: Final = ((50, "up to 50"), (150, "51 to 150"), (400, "151 to 400"))
_LINKS: Final = ((0, "0"), (1, "1"), (4, "2 to 4"), (10, "5 to 10"))
_IMAGES: Final = ((0, "0"), (1, "1"), (5, "2 to 5"))


class ResponseKind(StrEnum):
    """What people may do with a message."""

    CLICKED = "clicked"
    REPLIED = "replied"
    OPENED = "opened"


class ContentInsight(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with one kind of response."""

    response: ResponseKind
    found: ContentEffects
    unseen: int
    """Messages among the newest that are younger than two days or whose response is not tracked."""


def content_insight(store: Store, user: int, response: ResponseKind, now: int) -> ContentInsight:
    """Over the newest messages of a user that were looked at when they were sent."""
    newest = store.content.newest(user, now, MOST_MESSAGES)
    ids = [one.id for one in newest]
    looks, topics = store.content.looks(ids), store.content.topics_of(ids)
    campaigns, funnels = store.campaigns.campaigns_of(ids), store.campaigns.funnels(ids)
    tried = []
    for one in newest:
        campaign, funnel = campaigns.get(one.id), funnels.get(one.id)
        sent_at = (campaign and campaign.started_at) or one.created_at
        if funnel is None or sent_at > now - SETTLED_US or not _seen(one, response):
            continue
        traits = [Trait("topic", topic.name) for topic in topics.get(one.id, ())]
        traits += traits_of(looks[one.id], sent_at, campaign.options.time_zone if campaign else "UTC")
        tried.append(TriedMessage(_group(one, campaign), frozenset(traits), _done(funnel, response), funnel.delivered))
    return ContentInsight(response=response, found=effects_of(tried), unseen=len(newest) - len(tried))


def traits_of(look: MessageContent, sent_at: int, time_zone: str) -> list[Trait]:
    """What of a message may matter, besides its topics; weekday and hour in that time zone."""
    at = to_datetime(sent_at).astimezone(zone(time_zone))
    found = [
        Trait("length", _step(look.words, _LENGTHS, "over 400"), exclusive=True),
        Trait("links", _step(look.links, _LINKS, "over 10"), exclusive=True),
        Trait("images", _step(look.images, _IMAGES, "over 5"), exclusive=True),
        Trait("weekday", _WEEKDAYS[at.weekday()], exclusive=True),
        Trait("hour", next(words for before, words in _HOURS if at.hour < before), exclusive=True),
    ]
    held = (
        ("form", "designed", look.designed),
        ("subject", "question", look.question),
        ("subject", "emoji", look.emoji),
        ("form", "personalised", look.personalised),
    )
    found += [Trait(kind, value) for kind, value, holds in held if holds]
    return found + [Trait("attachment", family) for family in look.attachments]


def trait_words(effect: Effect) -> str:
    """What a message with it is like, for people."""
    words = {
        "topic": f"about {effect.value}",
        "length": f"{effect.value} words",
        "links": "without links" if effect.value == "0" else f"{effect.value} link{_s(effect.value)}",
        "images": "without pictures" if effect.value == "0" else f"{effect.value} picture{_s(effect.value)}",
        "weekday": f"sent on {effect.value}",
        "hour": f"sent from {effect.value} o'clock",
        "attachment": f"with a file attached: {effect.value}",
        "form": {"designed": "designed, not plain", "personalised": "with the recipient's name or fields"}.get(
            effect.value, effect.value
        ),
        "subject": f"{effect.value} in the subject",
    }
    return words.get(effect.kind, effect.value)


def certainty_words(effect: Effect) -> str:
    """How sure it is, in a sentence."""
    if effect.certainty == "little":
        least = min(effect.messages, effect.others)
        return f"not enough yet: {least} message{'' if least == 1 else 's'} to tell it from"
    if effect.certainty == "sure":
        return "more people do" if effect.odds > 1 else "fewer people do"
    return "may be chance"


def insight_table(insight: ContentInsight) -> DataTable:
    """Every effect with its interval."""
    columns = [
        *map(Column, ("response", "kind", "value", "words", "certainty")),
        *(Column(name, CellKind.WHOLE) for name in ("messages", "other messages", "copies", "responses")),
        *(Column(name, CellKind.SHARE) for name in ("usual rate", "rate with it", "rate low", "rate high")),
        *(Column(name, CellKind.SHARE) for name in ("odds", "odds low", "odds high", "chance")),
    ]
    return DataTable("insight", columns, _lines(insight))


def _lines(insight: ContentInsight) -> Iterable[list[str | int | float | None]]:
    for one in insight.found.effects:
        told = one.certainty != "little"
        numbers = (insight.found.usual, one.rate, one.rate_low, one.rate_high, one.odds, one.low, one.high, one.chance)
        yield [
            insight.response.value, one.kind, one.value, trait_words(one), one.certainty,
            one.messages, one.others, one.copies, one.responses,
            *(number if told else None for number in numbers),
        ]  # fmt: skip


def _s(number: str) -> str:
    return "" if number == "1" else "s"


def _step(number: int, steps: tuple[tuple[int, str], ...], more: str) -> str:
    return next((words for most, words in steps if number <= most), more)


def _seen(message: Message, response: ResponseKind) -> bool:
    return {ResponseKind.CLICKED: message.clicks, ResponseKind.OPENED: message.opens}.get(response, True)


def _done(funnel: Funnel, response: ResponseKind) -> int:
    return {
        ResponseKind.CLICKED: funnel.clicked,
        ResponseKind.REPLIED: funnel.replied,
        ResponseKind.OPENED: funnel.opened,
    }[response]


def _group(message: Message, campaign: Campaign | None) -> str:
    """Who wrote to whom: other readers respond otherwise, whatever they get."""
    if campaign is None:
        return message.sender
    return f"{message.sender} to {sorted(campaign.audience.lists)}"
