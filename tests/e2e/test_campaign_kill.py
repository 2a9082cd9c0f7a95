"""`kill -9` at any moment of a campaign: every recipient gets exactly one copy, or the few in flight are indeterminate.

POSTLUDE_KILL_COPIES and POSTLUDE_KILL_ROUNDS make it as large as wanted; `bench/kill_sending.py` does it many times.
"""

import os
import random
from collections.abc import Callable

import pytest

from chaos.kill_sending import CONNECTIONS, MOST, kill_a_campaign
from servers.counting import Counting
from servers.postlude import Postlude
from servers.waiting import LOOPBACK

COPIES = int(os.environ.get("POSTLUDE_KILL_COPIES", "2500"))
ROUNDS = int(os.environ.get("POSTLUDE_KILL_ROUNDS", "3"))


@pytest.mark.timeout(200 + COPIES // 10)
@pytest.mark.parametrize("delay", [0.0, 0.02], ids=["a quick server", "a slow server"])
def test_every_recipient_one_copy_or_a_few_indeterminate(postlude: Callable[..., Postlude], delay: float) -> None:
    seed = random.randrange(1 << 32)
    with Counting(delay=delay) as server:
        settings = {"smtp_host": LOOPBACK, "smtp_port": server.port, "smtp_tls": "none"}
        running = postlude(**settings, smtp_connections=CONNECTIONS)
        kills = kill_a_campaign(running, server, COPIES, ROUNDS, random.Random(seed))
    print(f"seed {seed}: {kills}")  # noqa: T201 - shown when it fails
    assert kills.twice == kills.lost == [], (seed, kills)
    assert max(kills.indeterminate) <= MOST, (seed, kills)
    assert kills.never_left <= max(1, kills.unknown // 5), (seed, kills)
