"""Digests a data folder until it is killed: `python digest_process.py FOLDER URL [SEED]`.

With a seed it kills itself, as `kill -9` would, at a random one of the places where something is half done: before
and after each store's transaction, and inside each of the state's steps.
"""

import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from postlude.history import open_history
from postlude.journal import JournalReader
from postlude.kit.clock import SystemClock
from postlude.services.change_feed import Changes
from postlude.services.digest.hits import Hits
from postlude.services.digest.item import Item
from postlude.services.digest.loop import Digest
from postlude.services.digest.steps import RecordSteps
from postlude.store import open_store

HALVES = ("_choose", "_project", "_rebuild", "_keep", "_note")


def _none_comes(item: Item, _observation: object) -> None:
    raise AssertionError(f"only hits are in this journal, not {item}")


def _deadly(owner: object, name: str, chance: random.Random, places: list[str]) -> None:
    """Have the method die before it begins or after it ended, one time of `odds`."""
    real: Any = getattr(owner, name)
    places.append(name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        _perhaps(chance, f"before {name}")
        answer = real(*arguments, **named)
        _perhaps(chance, f"after {name}")
        return answer

    setattr(owner, name, wrapped)


def _perhaps(chance: random.Random, place: str) -> None:
    if chance.random() < 0.03:
        os.write(1, f"died {place}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


folder, url = Path(sys.argv[1]), sys.argv[2]
store = open_store(url)
history = open_history(folder / "history.duckdb")
if len(sys.argv) > 3:
    chance, places = random.Random(int(sys.argv[3])), list[str]()
    _deadly(history, "append", chance, places)
    _deadly(store.digest, "apply", chance, places)
    for step in HALVES:
        _deadly(store.digest, step, chance, places)
digest = Digest(
    journal=JournalReader(folder / "journal"),
    store=store,
    history=history,
    record_steps=RecordSteps(submissions=_none_comes, returned=_none_comes, hits=Hits(store.messages)),
    changes=Changes(),
    clock=SystemClock(),
    batch_records=300,
)
print("ready", flush=True)  # noqa: T201 - the test waits for it
digest.run(threading.Event())
