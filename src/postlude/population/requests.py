"""What is asked for after a copy was delivered, by whom, and when: the decisions turned into requests."""

import math
from collections.abc import Iterator
from enum import StrEnum
from random import Random
from typing import Final, NamedTuple

from postlude.population.decisions import Fate, SimulatedMailing
from postlude.population.filters import FILTERS, PIXEL, UNSUBSCRIBE
from postlude.population.programs import (
    APPLE_PROXY,
    GMAIL_PREFETCH,
    GOOGLE_PROXY,
    MOBILE_APPS,
    OUTLOOK_DESKTOP,
    YAHOO_PROXY,
    Program,
    apple_browser,
    bare_program,
    desktop_browser,
    home_address,
    phone_browser,
    provider_address,
    proxy,
    thunderbird,
)
from postlude.population.readers import Reader

__all__ = ["PIXEL", "REPLY", "UNSUBSCRIBE", "Doer", "SimulatedRequest", "requests_of"]

REPLY: Final = -3
"""In place of a link's number: not a request, a mail."""
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_APPLE_LOADS: Final = 0.92  # devices that are off, or not charging, load nothing
_PREFETCHED: Final = 0.05
_RELAYED: Final = 0.08  # Safari through Apple's Private Relay
_CHECKED: Final = 0.7  # links that a filter looks at once more when they are followed
_AGAIN: Final = 0.35
_CACHED: Final = 0.6


class Doer(StrEnum):
    """Who is behind a request."""

    PERSON = "person"
    FRIEND = "friend"  # who the recipient forwarded it to: a person
    MACHINE = "machine"
    APPLE = "apple"  # loads every mail's images, read or not
    RETRY = "retry"  # an image proxy that asks again for one opening


class SimulatedRequest(NamedTuple):
    """One request, or a reply."""

    after: float
    """Seconds after the copy was delivered."""
    link: int
    """A link's number, PIXEL, UNSUBSCRIBE (its page) or REPLY."""
    doer: Doer
    program: Program
    method: str = "GET"
    damaged: bool = False
    """With changed letters in what the link carries."""


def requests_of(reader: Reader, mailing: SimulatedMailing, fate: Fate) -> list[SimulatedRequest]:
    """In the order of time; the same for the same arguments."""
    if fate.bounced:
        return []
    chance = Random(f"requests {mailing.seed} {reader.seed}")  # noqa: S311 - a model, no secret
    found = [*_filtered(reader, mailing, chance), *_loaded_ahead(reader, chance)]
    if fate.opened:
        opened = _opened(reader, chance)
        # Who opens a message that the device has not loaded yet loads it then, and not once more afterwards.
        found = [one for one in found if one.doer is not Doer.APPLE or one.after < opened]
        found += _read(reader, fate, opened, chance, prefetched=any(one.doer is Doer.APPLE for one in found))
    return sorted(found, key=lambda one: one.after)


def _filtered(reader: Reader, mailing: SimulatedMailing, chance: Random) -> Iterator[SimulatedRequest]:
    for step in FILTERS[reader.filter].on_delivery(mailing.links, chance):
        yield SimulatedRequest(step.after, step.link, Doer.MACHINE, step.program, step.method, step.damaged)


def _loaded_ahead(reader: Reader, chance: Random) -> Iterator[SimulatedRequest]:
    if reader.reading == "apple-privacy" and chance.random() < _APPLE_LOADS:
        after = chance.expovariate(1 / _HOUR) + 5
        yield SimulatedRequest(after, PIXEL, Doer.APPLE, proxy(APPLE_PROXY, "apple", chance))
    if reader.reading == "gmail" and chance.random() < _PREFETCHED:
        yield SimulatedRequest(
            chance.uniform(1, 30), PIXEL, Doer.MACHINE, bare_program(GMAIL_PREFETCH, provider_address("google", chance))
        )


def _opened(reader: Reader, chance: Random) -> float:
    return chance.uniform(6, 40) if reader.quick else 30 + chance.lognormvariate(math.log(2 * _HOUR), 1.6)


def _read(reader: Reader, fate: Fate, opened: float, chance: Random, *, prefetched: bool) -> Iterator[SimulatedRequest]:
    eyes, hand = _programs(reader, chance)
    yield from _opening(reader, eyes, opened, chance, prefetched=prefetched)
    yield from _clicks(reader, fate.links, hand, opened, chance)
    if chance.random() < _AGAIN and chance.random() > (_CACHED if reader.reading in {"gmail", "apple-privacy"} else 0):
        again = opened + chance.uniform(0.5, 72) * _HOUR
        yield from _opening(reader, eyes, again, chance, prefetched=prefetched)
    if fate.replied:
        yield SimulatedRequest(opened + chance.uniform(60, _DAY), REPLY, Doer.PERSON, hand)
    if fate.forwarded:
        later = opened + chance.uniform(600, _DAY)
        friend = Program(desktop_browser(chance), home_address(chance))
        yield SimulatedRequest(later, PIXEL, Doer.FRIEND, friend.for_images())
        for link in fate.friend_links:
            later += chance.uniform(5, 60)
            yield SimulatedRequest(later, link, Doer.FRIEND, friend)


def _opening(
    reader: Reader, eyes: Program, at: float, chance: Random, *, prefetched: bool
) -> Iterator[SimulatedRequest]:
    if reader.reading == "images-blocked":
        return
    if reader.reading == "apple-privacy":
        if not prefetched:
            yield SimulatedRequest(at, PIXEL, Doer.APPLE, eyes)
        return
    yield SimulatedRequest(at, PIXEL, Doer.PERSON, eyes)
    if reader.reading == "yahoo":
        for _ in range(chance.randrange(4)):
            at += chance.uniform(0.5, 6)
            yield SimulatedRequest(at, PIXEL, Doer.RETRY, eyes)


def _clicks(
    reader: Reader, links: tuple[int, ...], hand: Program, opened: float, chance: Random
) -> Iterator[SimulatedRequest]:
    checks = FILTERS[reader.filter].on_click
    at = opened
    for number, link in enumerate(links):
        if number and reader.tabs:
            at += chance.uniform(0.7, 3)
        elif reader.quick:
            at += chance.uniform(1.5, 5)
        else:
            at += 3 + chance.lognormvariate(math.log(18), 0.9)
        if checks is not None and chance.random() < _CHECKED:
            yield SimulatedRequest(at - chance.uniform(0.2, 1.2), link, Doer.MACHINE, checks(chance))
        yield SimulatedRequest(at, link, Doer.PERSON, hand)


def _programs(reader: Reader, chance: Random) -> tuple[Program, Program]:
    """What loads the images when the mail is read, and what opens when a link is followed."""
    phone = bool(reader.mobile) and chance.random() < 0.5  # noqa: PLR2004 - half of the time
    line = reader.mobile if phone else reader.line
    browser = Program(phone_browser(chance) if phone else desktop_browser(chance), line)
    computer = Program(desktop_browser(chance), reader.line)
    app = Program(phone_browser(chance), reader.mobile or reader.line)
    relayed = reader.reading == "apple-privacy" and chance.random() < _RELAYED
    safari = Program(apple_browser(chance), provider_address("apple", chance) if relayed else line)
    both = {
        "gmail": (proxy(GOOGLE_PROXY, "google", chance), browser),
        "yahoo": (proxy(YAHOO_PROXY, "yahoo", chance), browser),
        "apple-privacy": (proxy(APPLE_PROXY, "apple", chance), safari),
        "outlook-desktop": (bare_program(chance.choice(OUTLOOK_DESKTOP), reader.line), computer),
        "thunderbird": (Program(thunderbird(chance), reader.line).for_images(), computer),
        "mobile-app": (bare_program(chance.choice(MOBILE_APPS), app.address), app),
    }
    return both.get(reader.reading, (browser.for_images(), browser))
