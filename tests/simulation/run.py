"""One seed from the first operation to the verdict."""

import atexit
import dataclasses
import functools
import logging
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from postlude.app.build.common import build_parts
from postlude.config import load
from postlude.store import open_store
from simulation.check import Found, problems
from simulation.clock import VirtualClock, nothing_but
from simulation.operations import Operation, perform, plan
from simulation.people import People
from simulation.world import World

LENGTH: Final = 24
_MEMORY: Final = Path("/dev/shm")  # a sync costs nothing there, and what it promises is the simulation's to judge


class Result(NamedTuple):
    """What became of one seed."""

    seed: int
    problems: list[str]
    log: list[str]
    operations: list[Operation]
    hits: int
    deaths: int


def command(seed: int, length: int = LENGTH) -> str:
    """What repeats a seed."""
    longer = "" if length == LENGTH else f" --length {length}"
    return f"PYTHONPATH=src:tests .venv/bin/python -m simulation --seed {seed}{longer}"


def simulate(seed: int, operations: Sequence[Operation] | None = None, length: int = LENGTH) -> Result:
    """Run a seed, or some of its operations; the same arguments give the same result."""
    chosen = list(plan(seed, length) if operations is None else operations)
    clock = VirtualClock()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="postlude-simulation-", dir=_scratch()) as folder:
        root = Path(folder) / "data"
        shutil.copytree(_template(), root)
        world: World | None = None
        with nothing_but(clock, seed, lambda seconds: world.sleep(seconds) if world else None):
            world = _world(root, clock, seed)
            try:
                found = _history(world, chosen)
            except Exception as error:  # noqa: BLE001 - whatever it is, the log says how it came to that
                found = [f"the simulation itself failed: {type(error).__name__}: {error}"]
            finally:
                logging.disable(logging.NOTSET)
                _close(world)
    deaths = sum(world.model.deaths.values())
    return Result(seed, found, world.log, chosen, len(world.model.asked), deaths)


def _history(world: World, operations: Sequence[Operation]) -> list[str]:
    people = People(world, int((world.machine.root / "user").read_text(encoding="ascii")))
    world.advance(1)
    for operation in operations:
        perform(operation, world, people)
    world.settle()
    for process in world.processes:
        world.ended(process)
    if not world.app.up:
        return world.model.wrong
    found = Found(world.model, world.server, world.app, world.processes)
    world.say(f"{len(world.model.asked)} hits, {found.app.history.total()} events, {dict(world.model.deaths)} deaths")
    return problems(found)


def _world(root: Path, clock: VirtualClock, seed: int) -> World:
    parts = build_parts(load({"POSTLUDE_DATA": str(root)}))
    return World(dataclasses.replace(parts, clock=clock), clock, seed)


def _close(world: World) -> None:
    for process in world.processes:
        process.faults.mend()
        if process.up:
            process.faults.kill()
            process.bury()


@functools.cache
def _template() -> Path:
    """A data folder with keys, tables and a user, made once a process and copied for every seed."""
    folder = Path(tempfile.mkdtemp(prefix="postlude-simulation-", dir=_scratch()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = folder / "data"
    with nothing_but(VirtualClock(), 0, lambda _: None):
        parts = build_parts(load({"POSTLUDE_DATA": str(root)}))
        parts.folder.identity()
        with closing(open_store(f"sqlite:///{root / 'state-0.sqlite'}")) as store:
            user = store.accounts.create_user("alice@example.org")
            store.accounts.set_senders(user.id, ("*",))
        (root / "user").write_text(str(user.id), encoding="ascii")
    return root


def _scratch() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() else None


def shrunk(result: Result, budget: int = 60) -> Result:
    """A failing seed with as few operations as can be found by leaving some out; still failing the same promise."""
    promise = result.problems[0].partition(":")[0]
    best, size = result, max(1, len(result.operations) // 2)
    while size and budget:
        start = 0
        while start < len(best.operations) and budget:
            fewer = best.operations[:start] + best.operations[start + size :]
            tried = simulate(result.seed, fewer)
            budget -= 1
            if any(text.startswith(promise) for text in tried.problems):
                best = tried
            else:
                start += size
        size //= 2
    return best
