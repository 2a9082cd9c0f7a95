"""Two worker processes share one campaign on PostgreSQL: no overlap, and a killed one's copies are not lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.model.words import CampaignStatus, CopyStatus
from servers.commands import POSTLUDE, clean_environment
from servers.counting import Counting
from servers.mailing import send_to_all
from servers.postlude import Postlude
from servers.process import Child
from servers.waiting import LOOPBACK, wait_for

COPIES = 1500


@pytest.fixture
def running(tmp_path: Path, postgresql_url: str) -> Iterator[tuple[Postlude, Counting]]:
    with Counting(delay=0.005) as server:
        instance = Postlude(
            tmp_path,
            state_url=postgresql_url,
            smtp_host=LOOPBACK,
            smtp_port=server.port,
            smtp_tls="none",
            smtp_connections=2,
        )
        instance.start()
        yield instance, server
        instance.close()


@pytest.mark.timeout(180)
@pytest.mark.long
def test_two_workers_share_a_campaign(running: tuple[Postlude, Counting], tmp_path: Path) -> None:
    instance, server = running
    store, campaign = send_to_all(instance.settings, COPIES)
    (variant,) = store.campaigns.variants(campaign.id)
    environment = clean_environment(instance.settings)
    second = Child("second", [POSTLUDE, "worker", "--idle-end", "3"], tmp_path / "second.log", environment)
    try:
        wait_for("both workers", lambda: len(store.sending.worker_journals()) >= 3, 40)
        wait_for("half of the copies", lambda: server.counts.total() > COPIES // 2, 90, pause=0.02)
        os.kill(second.pid, signal.SIGKILL)
        wait_for("the end", lambda: store.campaigns.get(campaign.id).status is CampaignStatus.SENT, 100, pause=0.2)
    finally:
        second.kill()
    reported = {copy.recipient: copy.status for copy in store.messages.copies(variant.message)}
    assert len(reported) == COPIES
    assert max(server.counts.values()) == 1
    for recipient, status in reported.items():
        assert server.counts[recipient] in {CopyStatus.SENT: {1}, CopyStatus.INDETERMINATE: {0, 1}}[status], recipient
    indeterminate = sum(status is CopyStatus.INDETERMINATE for status in reported.values())
    assert indeterminate < 100
    store.close()
