"""Digests a data folder until it is killed: `python digest_process.py FOLDER URL`."""

import sys
import threading
from pathlib import Path

from postlude.history import open_history
from postlude.journal import JournalReader
from postlude.kit.clock import SystemClock
from postlude.services.changes import Changes
from postlude.services.digest import Digest
from postlude.services.interpret import Interpreter
from postlude.services.interpret_hits import Hits
from postlude.services.interpret_items import Item
from postlude.store import open_store


def _none_comes(item: Item, _observation: object) -> None:
    raise AssertionError(f"only hits are in this journal, not {item}")


folder, url = Path(sys.argv[1]), sys.argv[2]
store = open_store(url)
digest = Digest(
    journal=JournalReader(folder / "journal"),
    store=store,
    history=open_history(folder / "history.duckdb"),
    interpreter=Interpreter(submissions=_none_comes, returned=_none_comes, hits=Hits(store)),
    changes=Changes(),
    clock=SystemClock(),
    batch_records=300,
)
print("ready", flush=True)  # noqa: T201 - the test waits for it
digest.run(threading.Event())
