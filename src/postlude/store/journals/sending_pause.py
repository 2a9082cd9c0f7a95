"""The pause of sending, as checked and set inside transactions."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from postlude.store.journals.tables import positions
from postlude.store.settings import settings

PAUSE: Final = "sending_hold"
FLOOR: Final = "generation"
NOT_WHOLE: Final = ("damaged", "missing", "older", "gone")
"""Kinds of incidents after which records may be missing from a journal."""


class SendingPause(msgspec.Struct, frozen=True):
    """Pause sending until the operator resumes it."""

    at: int
    reasons: tuple[str, ...]


def is_paused(connection: Connection) -> bool:
    """Whether nothing may be claimed."""
    return connection.execute(select(settings.c.key).where(settings.c.key == PAUSE)).first() is not None


def generation_of(connection: Connection) -> int:
    """As `IntegrityQueries.generation`, in the caller's transaction."""
    counted = connection.execute(select(func.max(positions.c.generation))).scalar() or 0
    floor = connection.execute(select(settings.c.value).where(settings.c.key == FLOOR)).scalar() or 0
    return max(int(counted), int(floor))


def next_generation(connection: Connection, insert: Any) -> int:  # noqa: ANN401 - either dialect's Insert
    """Raise the generation by one, in the caller's transaction; `insert`: into the settings.

    A claim raises it: attempts after it carry a generation that a state without the claim does not have.
    """
    generation = generation_of(connection) + 1
    adding = insert.values(key=FLOOR, value=generation)
    connection.execute(adding.on_conflict_do_update(index_elements=["key"], set_={"value": generation}))
    return generation


def pause_now(connection: Connection, insert: object, reason: str, now: int) -> None:
    """As `IntegrityQueries.pause_sending`, in the caller's transaction; `insert`: into the settings."""
    value = connection.execute(select(settings.c.value).where(settings.c.key == PAUSE)).scalar()
    pause = SendingPause(now, ()) if value is None else msgspec.convert(value, SendingPause)
    if reason not in pause.reasons:
        fresh = msgspec.to_builtins(SendingPause(pause.at, (*pause.reasons, reason)))
        adding = insert.values(key=PAUSE, value=fresh)  # type: ignore[attr-defined]  # either dialect's Insert
        connection.execute(adding.on_conflict_do_update(index_elements=["key"], set_={"value": fresh}))
