"""What happens in a simulation: a list of named operations, each with its own chance, so that some can be left out."""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from simulation.faults import BROKEN, FULL
from simulation.people import People
from simulation.world import World

_WAITS: Final = (1_000, 10_000, 100_000, 1_000_000, 1_000_000, 5_000_000, 5_000_000, 29_000_000, 70_000_000)
_PLACES: Final = {
    "disk: write": ("edge-1", "edge-2", "mail", "app"),
    "disk: sync": ("edge-1", "edge-2", "mail", "app"),
    "disk: create": ("edge-1", "edge-2", "mail", "app"),
    "disk: ": ("edge-1", "edge-2", "mail", "app"),
    "state: ": ("app",),
    "state: COMMIT": ("app",),
    "state: INSERT": ("app",),
    "state: BEGIN": ("app",),
    "history: ": ("app",),
    "history: before COMMIT": ("app",),
    "history: after COMMIT": ("app",),
    "history: before append_rows": ("app",),
}
_DEADLY: Final = ("", "disk: ", "disk: write", "disk: sync", "disk: sync folder")
_DEADLY_OF_APP: Final = (
    "",
    "disk: write",
    "disk: sync",
    "smtp: DATA",
    "smtp: answer",
    "smtp: answered",
    "history: before",
    "history: after COMMIT",
    "state: ",
    "state: INSERT",
    "state: INSERT",
    "state: INSERT INTO outcomes",
    "state: INSERT INTO positions",
    "state: UPDATE",
    "state: COMMIT",
)
_ENDS_OF_A_BATCH: Final = (
    "history: before COMMIT",
    "history: after COMMIT",
    "state: INSERT INTO outcomes",
    "state: INSERT INTO positions",
    "state: COMMIT",
)
"""Between what a batch adds and what says that it was added: where both must come together or not at all."""
_WEIGHTS: Final = {
    "submit": 10,
    "read": 34,
    "fetch": 6,
    "forge": 6,
    "wait": 16,
    "kill": 4,
    "kill_in": 22,
    "kill_digest": 8,
    "cut": 2,
    "cut_in": 4,
    "tear": 6,
    "refuse": 10,
    "refuse_batch": 6,
    "stop": 3,
    "put_back": 5,
}


_PEACEFUL: Final = frozenset({"submit", "read", "fetch", "forge", "wait"})


class Operation(NamedTuple):
    """One thing that happens; the same number, the same way."""

    name: str
    number: int


def plan(seed: int, length: int) -> list[Operation]:
    """The operations of a seed."""
    chance = Random(f"plan {seed}")
    names = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=length)
    if chance.random() < 0.2:  # some seeds without faults: then the bounds are exact
        names = [name if name in _PEACEFUL else "read" for name in names]
    return [Operation(name, chance.getrandbits(32)) for name in ("submit", "wait", *names)]


def perform(operation: Operation, world: World, people: People) -> None:
    """Have it happen."""
    chance = Random(operation.number)
    world.say(f"[{operation.name} {operation.number}]")
    _ALL[operation.name](world, people, chance)
    world.advance(chance.choice((0, 500, 5_000, 60_000)))


def _wait(world: World, _people: People, chance: Random) -> None:
    world.advance(chance.choice(_WAITS))


def _kill(world: World, _people: People, chance: Random) -> None:
    process = chance.choice(world.processes)
    if process.up:
        world.say(f"{process.name} is killed")
        world.kill(process)


def _kill_in(world: World, people: People, chance: Random) -> None:
    process = chance.choice((*world.processes, world.app, world.app))
    where = chance.choice(_DEADLY_OF_APP if process is world.app else _DEADLY)
    process.faults.die_after(chance.choice((1, 1, 1, 2, 2, 3, 5)), where)
    people.read(chance)
    people.submit(chance)
    world.advance(chance.choice((10_000, 1_000_000, 6_000_000)))


def _kill_digest(world: World, people: People, chance: Random) -> None:
    """The app dies at the end of a batch that holds openings and clicks, which a repeated batch would add again."""
    world.app.faults.die_after(chance.choice((1, 1, 2)), chance.choice(_ENDS_OF_A_BATCH))
    for _ in range(3):
        people.read(chance)
    world.advance(16_000_000)


def _cut(world: World, _people: People, _chance: Random) -> None:
    world.cut_power()


def _cut_in(world: World, people: People, chance: Random) -> None:
    process = chance.choice(world.processes)
    process.faults.die_after(chance.choice((1, 2, 3, 5)), chance.choice(_DEADLY))
    process.faults.takes_all = True
    people.read(chance)


def _tear(world: World, people: People, chance: Random) -> None:
    """The power goes while a frame of several records is written and not yet synced."""
    for edge in world.edges:
        edge.faults.die_after(1, "disk: sync")
        edge.faults.takes_all = True
    people.hurry(chance)
    world.advance(1_000_000)
    for edge in world.edges:
        edge.faults.mend()


def _refuse(world: World, _people: People, chance: Random) -> None:
    place = chance.choice(list(_PLACES))
    name = chance.choice(_PLACES[place])
    process = next(one for one in world.processes if one.name == name)
    process.faults.refuse(place, chance.choice((FULL, FULL, BROKEN)), chance.choice((1, 1, 2, 10)))


def _refuse_batch(world: World, people: People, chance: Random) -> None:
    """A batch that holds an image proxy's openings cannot be written at first: it must not be remembered as written."""
    world.app.faults.refuse(chance.choice(_ENDS_OF_A_BATCH), chance.choice((FULL, BROKEN)), chance.choice((1, 1, 2)))
    people.fetch(chance)
    world.advance(16_000_000)


def _put_back(world: World, people: People, chance: Random) -> None:
    """The app dies, and its journal is put back from before: what it had sent meanwhile, no digest has read."""
    app = world.app
    if not app.up:
        return
    app.back_up_journal()
    if chance.random() < 0.5:  # the copy is older than the process, now or at the next time
        return
    people.submit(chance)
    app.starved = True
    world.advance(chance.choice((1_000_000, 4_000_000, 16_000_000)))
    if app.up:
        world.say("app is killed, and its journal put back")
        world.kill(app)
    app.put_back_journal()


def _stop(world: World, _people: People, chance: Random) -> None:
    process = chance.choice(world.processes)
    world.say(f"{process.name} is stopped")
    world.stop(process)


_ALL: Final[dict[str, Callable[[World, People, Random], None]]] = {
    "submit": lambda _world, people, chance: people.submit(chance),
    "read": lambda _world, people, chance: people.read(chance),
    "fetch": lambda _world, people, chance: people.fetch(chance),
    "forge": lambda _world, people, chance: people.forge(chance),
    "wait": _wait,
    "kill": _kill,
    "kill_in": _kill_in,
    "kill_digest": _kill_digest,
    "cut": _cut,
    "cut_in": _cut_in,
    "tear": _tear,
    "refuse": _refuse,
    "refuse_batch": _refuse_batch,
    "stop": _stop,
    "put_back": _put_back,
}
