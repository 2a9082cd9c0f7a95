"""Jobs as plain data."""

from collections.abc import Mapping
from typing import Any

import msgspec

from postlude.model.words import JobStatus


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Long work: its worker, its progress, and where it continues."""

    id: int
    kind: str
    title: str
    status: JobStatus
    wanted: str = ""
    """`pause` or `cancel` when a user asked for it; the worker checks at every beat."""
    owner: str = ""
    by: str = ""
    unit: str = ""
    """Unit of `total` and `done`: `rows`, `copies`."""
    total: int = 0
    """0: not known."""
    done: int = 0
    options: dict[str, Any] = {}
    position: dict[str, Any] = {}
    """Where it continues: written in the transaction of the work."""
    counts: dict[str, int] = {}
    error: str = ""
    created_at: int = 0
    started_at: int | None = None
    beat_at: int | None = None
    finished_at: int | None = None
    run_at: int | None = None
    """When the present run began."""
    run_done: int = 0
    """Progress at that time."""


class JobError(msgspec.Struct, frozen=True, kw_only=True):
    """One row a job could not take."""

    line: int
    number: int = 0
    """Distinguishes several errors of one line."""
    column: str = ""
    value: str = ""
    reason: str
    remedy: str = ""


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of a job."""

    job: int
    at: int
    done: int
    counts: Mapping[str, int] = {}
    position: Mapping[str, Any] = {}
    total: int | None = None
    """None: unchanged."""
