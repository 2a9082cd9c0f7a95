"""`kill -9` at any moment of a campaign: every recipient gets exactly one copy, or the few in flight are indeterminate.

POSTLUDE_KILL_COPIES and POSTLUDE_KILL_ROUNDS make it as large as wanted.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postlude.model.words import CampaignStatus, CopyStatus
from postlude.store import Store
from servers.counting import Counting
from servers.mailing import send_to_all
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

COPIES = int(os.environ.get("POSTLUDE_KILL_COPIES", "2500"))
ROUNDS = int(os.environ.get("POSTLUDE_KILL_ROUNDS", "4"))
CONNECTIONS = 4
FEW = 2 * CONNECTIONS + 32 + 16  # in the senders, just begun, and half as many still waiting


@pytest.fixture
def counting() -> Iterator[Counting]:
    with Counting(delay=0.002) as server:
        yield server


def workers_of(running: Postlude) -> list[int]:
    """Process ids of its campaign workers."""
    family = Path(f"/proc/{running.child.pid}/task/{running.child.pid}/children").read_text().split()
    return [int(pid) for pid in family if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]


def kill(running: Postlude, chance: random.Random) -> str:
    """Kill everything, or the worker alone."""
    if chance.random() < 0.5 and (workers := workers_of(running)):
        os.kill(workers[0], signal.SIGKILL)
        return "worker"
    running.kill()
    running.start()
    return "everything"


def results(store: Store, message: int) -> dict[str, CopyStatus]:
    return {copy.recipient: copy.status for copy in store.messages.copies(message)}


@pytest.mark.timeout(100 + COPIES // 10)
def test_every_recipient_one_copy_or_a_few_indeterminate(postlude: Callable[..., Postlude], counting: Counting) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    running = postlude(smtp_host=LOOPBACK, smtp_port=counting.port, smtp_tls="none", smtp_connections=CONNECTIONS)
    store, campaign = send_to_all(running.settings, COPIES)
    (variant,) = store.campaigns.variants(campaign.id)
    killed = []
    for number in range(ROUNDS):
        goal = COPIES * (number + chance.random()) / (ROUNDS + 1)
        wait_for("copies to leave", lambda goal=goal: counting.counts.total() > goal, 60 + COPIES // 20, pause=0.01)
        killed.append((kill(running, chance), counting.counts.total()))
    wait_for(
        "the end", lambda: store.campaigns.get(campaign.id).status is CampaignStatus.SENT, 60 + COPIES // 20, pause=0.5
    )
    time.sleep(0.2)
    reported = results(store, variant.message)
    assert len(reported) == COPIES, (seed, killed)
    for recipient, status in reported.items():
        allowed = {CopyStatus.SENT: {1}, CopyStatus.INDETERMINATE: {0, 1}}[status]
        assert counting.counts[recipient] in allowed, (seed, killed, recipient, status)
    assert max(counting.counts.values()) == 1, (seed, killed)
    indeterminate = Counter(reported.values())[CopyStatus.INDETERMINATE]
    print(f"{COPIES} copies, killed {killed}: {indeterminate} indeterminate, nobody twice")  # noqa: T201 - shown when it fails
    assert indeterminate <= FEW * ROUNDS, (seed, killed)
    store.close()
