"""Bringing a database forward to this version's tables. Never backward."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from postlude.model.errors import StorageError
from postlude.store.engine import Database

HEAD: Final = "0036_guesses"
"""The newest migration in `migrations/versions`; a test holds the two together."""

_LOCK: Final = 0x706F73746C756465  # "postlude": the advisory lock that lets one PostgreSQL client migrate at a time


def migrate(database: Database, to: str = HEAD) -> bool:
    """Bring the tables to a version; True when something was done. One cheap query when nothing is due."""
    if current(database) == to:
        return False
    with database.write(alone=True) as connection:  # what goes along may need the new tables
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        _upgrade(connection, to)
    return True


def current(database: Database) -> str | None:
    """The version the tables are at, None before the first migration."""
    with database.engine.connect() as connection:
        try:
            row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        except (OperationalError, ProgrammingError) as error:
            if "no such table" in str(error) or "does not exist" in str(error):
                return None
            raise
    return None if row is None else str(row[0])


def _upgrade(connection: Connection, to: str) -> None:
    # Alembic costs 0.15 s to import: only a start that migrates pays for it.
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415 - see above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    script = ScriptDirectory(str(Path(__file__).parent / "migrations"))

    def steps(revision: object, _context: object) -> object:
        return script._upgrade_revs(to, revision)  # type: ignore[arg-type]  # noqa: SLF001 - as alembic.command does

    environment = EnvironmentContext(Config(), script, fn=steps)
    environment.configure(connection=connection)
    try:
        environment.run_migrations()
    except CommandError as error:
        raise StorageError(
            f"state store: its tables were made by a newer Postlude ({error}). Start that version, or restore a backup."
        ) from error
