"""Two messages of two copies, what comes of them, and what the digest recorded after a withdrawal."""

from typing import Any

from postlude.model.observation import Hit, Submitted
from postlude.model.words import EventKind, HitEndpoint, Via

World = Any  # the digest tests' own world
TRACKS = {EventKind.OPENED, EventKind.CLICKED, EventKind.VIEWED}


def two_sent(world: World) -> World:
    for number in (1, 2):
        world.spool.put(number, b"Hello")
        world.say(Submitted(5, number, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "carol@example.org")))
    world.digest().catch_up()
    return world


def hit(copy: int, at: int, endpoint: HitEndpoint = HitEndpoint.PIXEL, **facts: str) -> Hit:
    method = "POST" if endpoint in {HitEndpoint.PREFERENCES, HitEndpoint.UNSUBSCRIBE} else "GET"
    position = 0 if endpoint is HitEndpoint.LINK else -1
    return Hit(at, endpoint, 1, copy // 10, copy, position, method, "Thunderbird/140.0", "192.0.2.0", {}, facts)


def recorded(world: World, *copies: int) -> list[tuple[int, int, str]]:
    """Time, copy and kind of what is recorded, but for what was decided on a page."""
    return [
        (event.at, event.copy, event.kind.value)
        for event in world.history.of_copies(copies or (10, 11, 20, 21))
        if event.kind in TRACKS and event.facts.get("page") != "preferences"
    ]


def withdraw(copy: int, at: int, opens: str = "off", clicks: str = "off") -> Hit:
    return hit(copy, at, HitEndpoint.PREFERENCES, opens=opens, clicks=clicks)
