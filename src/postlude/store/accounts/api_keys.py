"""Keys of programs for the HTTP API."""

from typing import Final, NamedTuple

from sqlalchemy import delete, func, select, update

from postlude.store.accounts.rows import ApiKey, User
from postlude.store.accounts.tables import api_keys, users
from postlude.store.base import TopicQueries, as_struct, storable

_SHOWN: Final = [column for column in api_keys.columns if column.name != "hash"]


class KeyUse(NamedTuple):
    """A key and whose it is."""

    key: ApiKey
    user: User


class ApiKeyQueries(TopicQueries):
    """Adds, finds and ends keys."""

    def add(self, key: ApiKey, hashed: bytes) -> None:
        """Store a new key and the hash of its secret."""
        row = {"id": key.id, "user": key.user, "label": storable(key.label), "start": key.start, "hash": hashed}
        row |= {"scopes": [scope.value for scope in key.scopes], "senders": list(key.senders)}
        row |= {"created_at": key.created_at, "last_used_at": key.last_used_at, "ends_at": key.ends_at}
        with self._database.write() as connection:
            connection.execute(api_keys.insert(), row)

    def by_hash(self, hashed: bytes) -> KeyUse | None:
        """The key with this hash, ended or not, and its user."""
        with self._database.read() as connection:
            row = connection.execute(select(*_SHOWN).where(api_keys.c.hash == hashed)).first()
            if row is None:
                return None
            owner = connection.execute(select(users).where(users.c.id == row.user)).one()
        return KeyUse(as_struct(ApiKey, row), as_struct(User, owner))

    def of_user(self, user: int) -> list[ApiKey]:
        """Every key of a user, oldest first."""
        query = select(*_SHOWN).where(api_keys.c.user == user).order_by(api_keys.c.created_at, api_keys.c.id)
        with self._database.read() as connection:
            return [as_struct(ApiKey, row) for row in connection.execute(query)]

    def touch(self, key: int, at: int, unless_since: int) -> None:
        """Note a use, unless one is noted since `unless_since`: a call must not cost a write each time."""
        due = (api_keys.c.id == key) & (func.coalesce(api_keys.c.last_used_at, -1) < unless_since)
        with self._database.write() as connection:
            connection.execute(update(api_keys).where(due).values(last_used_at=at))

    def end(self, key: int, at: int) -> None:
        """Refuse the key from `at` on, unless it ends sooner."""
        sooner = func.coalesce(api_keys.c.ends_at, at + 1) > at
        with self._database.write() as connection:
            connection.execute(update(api_keys).where((api_keys.c.id == key) & sooner).values(ends_at=at))

    def delete(self, key: int) -> None:
        """Forget the key."""
        with self._database.write() as connection:
            connection.execute(delete(api_keys).where(api_keys.c.id == key))
