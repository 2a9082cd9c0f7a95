import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from postlude.history import open_history
from postlude.journal import JournalWriter
from postlude.model.observation import Hit, encode
from postlude.model.words import HitFace
from postlude.store import open_store

_ROUNDS = 12
_HITS_A_ROUND = 2500
_SCRIPT = Path(__file__).with_name("digest_process.py")


@pytest.mark.timeout(180)
def test_killed_at_any_point_it_counts_every_hit_once(tmp_path: Path, state_url: str) -> None:
    """Writing goes on while the digest is killed again and again; at the end both stores agree with what was said."""
    open_store(state_url).close()
    chance = random.Random(20261124)
    writers = [JournalWriter(tmp_path / "journal", name) for name in ("edge-1", "edge-2")]
    said: Counter[tuple[int, int]] = Counter()
    kills = 0
    for number in range(_ROUNDS):
        with subprocess.Popen(
            [sys.executable, str(_SCRIPT), str(tmp_path), state_url], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for i in range(_HITS_A_ROUND):
                copy, position = chance.randrange(1, 60), chance.randrange(-1, 3)
                face = HitFace.PIXEL if position < 0 else HitFace.LINK
                hit = Hit(number * 10_000 + i, face, 1, copy % 7 + 1, copy, position, "GET", "Gecko", "", {}, {})
                writers[i % 2].submit(encode(hit), lambda _result: None)
                said[copy, position] += 1
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.25))
            process.kill()
            kills += 1
    for writer in writers:
        writer.close()
    _finish(tmp_path, state_url, sum(said.values()))
    with closing(open_history(tmp_path / "history.duckdb")) as history, closing(open_store(state_url)) as store:
        events = [event for message in range(1, 8) for event in history.timeline(message, limit=100_000)]
        assert Counter((event.copy, event.position) for event in events) == said
        assert len({event.id for event in events}) == len(events)
        assert store.outcomes() == {"counted": len(events)}
        counted: Counter[int] = Counter()
        for message in range(1, 8):
            for copy, done in store.activity(message).items():
                counted[copy] = done.opens + done.opens_unknown + done.opens_machine
                counted[copy] += done.clicks + done.clicks_unknown + done.clicks_machine
        expected: Counter[int] = Counter()
        for (copy, _), times in said.items():
            expected[copy] += times
        assert counted == expected
        assert history.positions() == store.positions()
    assert kills == _ROUNDS


def _finish(folder: Path, url: str, records: int) -> None:
    with subprocess.Popen([sys.executable, str(_SCRIPT), str(folder), url], stdout=subprocess.PIPE) as process:
        try:
            with closing(open_store(url)) as store:
                deadline = time.monotonic() + 60
                while sum(store.outcomes().values()) < records and time.monotonic() < deadline:
                    time.sleep(0.05)
        finally:
            process.kill()
