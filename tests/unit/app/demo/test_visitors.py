"""Who reads the demo's mail: real programs, judged as they are in real mail."""

from itertools import chain
from random import Random

import pytest

from postlude.app.demo.clock import DAY, HOUR
from postlude.app.demo.visitors import APPLE_PROXY, CHROME, GMAIL_PROXY, SCANNER, THUNDERBIRD, Client, Habit, visits
from postlude.classify import judge
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

NOON = 20_000 * DAY + 12 * HOUR


def verdict(client: Client, endpoint: HitEndpoint, since: int) -> Verdict:
    position = 0 if endpoint is HitEndpoint.LINK else -1
    facts = dict(client.facts)
    hit = Hit(NOON + since, endpoint, 1, 2, 3, position, "GET", client.user_agent, client.address, {}, facts)
    return judge(hit, sent_at=NOON).verdict


@pytest.mark.parametrize(
    ("client", "endpoint", "expected"),
    [
        (CHROME, HitEndpoint.LINK, Verdict.HUMAN),
        (THUNDERBIRD, HitEndpoint.PIXEL, Verdict.HUMAN),
        (GMAIL_PROXY, HitEndpoint.PIXEL, Verdict.HUMAN_PROXIED),
        (APPLE_PROXY, HitEndpoint.PIXEL, Verdict.UNKNOWN),
        (SCANNER, HitEndpoint.LINK, Verdict.MACHINE),
    ],
)
def test_a_client_is_judged_as_what_it_is(client: Client, endpoint: HitEndpoint, expected: Verdict) -> None:
    assert verdict(client, endpoint, HOUR) == expected


def test_a_filter_follows_every_link_at_once() -> None:
    seen = [
        one for one in visits(Habit(CHROME, CHROME, scanned=True), Random(1), NOON, 3, 0.0) if one.client is SCANNER
    ]
    assert [one.link for one in seen] == [0, 1, 2]
    assert all(one.at - NOON < 3_000_000 for one in seen)


def test_nobody_reads_at_night() -> None:
    found = chain.from_iterable(visits(Habit(CHROME, CHROME), Random(seed), NOON, 2, 1.0) for seed in range(200))
    assert {one.at % DAY // HOUR for one in found} <= set(range(7, 23))
