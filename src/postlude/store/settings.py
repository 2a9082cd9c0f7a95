"""Small values by key."""

from typing import Any

from sqlalchemy import JSON, Column, Table, Text, delete, select, update

from postlude.store.base import TopicQueries
from postlude.store.columns import metadata

settings = Table("settings", metadata, Column("key", Text, primary_key=True), Column("value", JSON, nullable=False))


class SettingQueries(TopicQueries):
    """Settings that live with the data."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON value stored under `key`."""
        with self._database.read() as connection:
            row = connection.execute(select(settings.c.value).where(settings.c.key == key)).first()
        return default if row is None else row[0]

    def put(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store a JSON value under `key`."""
        statement = self._insert(settings).values(key=key, value=value)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    def replace(self, key: str, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        """As `put`, if something is stored under `key`: what was deleted meanwhile does not come back."""
        with self._database.write() as connection:
            return connection.execute(update(settings).where(settings.c.key == key).values(value=value)).rowcount > 0

    def delete(self, key: str) -> bool:
        """Forget `key`; True for exactly one of several callers at once."""
        with self._database.write() as connection:
            return connection.execute(delete(settings).where(settings.c.key == key)).rowcount > 0

    def keys(self, prefix: str) -> list[str]:
        """Every key that begins with `prefix`."""
        with self._database.read() as connection:
            query = select(settings.c.key).where(settings.c.key.startswith(prefix, autoescape=True))
            return [row[0] for row in connection.execute(query.order_by(settings.c.key))]
