"""Small values by key, and the addresses that must not be mailed."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select

from postlude.store.base import Part, address_key, as_struct, chunks, clean
from postlude.store.rows import Suppression
from postlude.store.schema import settings, suppressions


class Values(Part):
    """Settings that live with the data, and suppressions."""

    def get_setting(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON value stored under `key`."""
        with self._database.read() as connection:
            row = connection.execute(select(settings.c.value).where(settings.c.key == key)).first()
        return default if row is None else row[0]

    def put_setting(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Store a JSON value under `key`."""
        statement = self._insert(settings).values(key=key, value=value)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))

    def delete_setting(self, key: str) -> bool:
        """Forget `key`; True for exactly one of several callers at once."""
        with self._database.write() as connection:
            return connection.execute(delete(settings).where(settings.c.key == key)).rowcount > 0

    def setting_keys(self, prefix: str) -> list[str]:
        """Every key that begins with `prefix`."""
        with self._database.read() as connection:
            query = select(settings.c.key).where(settings.c.key.startswith(prefix, autoescape=True))
            return [row[0] for row in connection.execute(query.order_by(settings.c.key))]

    def suppress(self, address: str, reason: str, evidence: str = "", copy: int | None = None, at: int = 0) -> None:
        """Never mail this address again. The first reason stays."""
        row = {"address": address_key(address), "reason": reason, "evidence": clean(evidence), "copy": copy, "at": at}
        with self._database.write() as connection:
            connection.execute(self._insert(suppressions).values(row).on_conflict_do_nothing())

    def unsuppress(self, address: str) -> bool:
        """Allow this address again; False when it was not suppressed."""
        with self._database.write() as connection:
            done = connection.execute(delete(suppressions).where(suppressions.c.address == address_key(address)))
        return done.rowcount > 0

    def is_suppressed(self, addresses: Iterable[str]) -> set[str]:
        """Those of `addresses`, as they were spelled, that must not be mailed."""
        spelled: dict[str, set[str]] = {}
        for address in addresses:
            spelled.setdefault(address_key(address), set()).add(address)
        found: set[str] = set()
        with self._database.read() as connection:
            for some in chunks(spelled):
                query = select(suppressions.c.address).where(suppressions.c.address.in_(some))
                for row in connection.execute(query):
                    found |= spelled[row[0]]
        return found

    def suppression(self, address: str) -> Suppression | None:
        """Why an address is suppressed, None when it is not."""
        with self._database.read() as connection:
            query = select(suppressions).where(suppressions.c.address == address_key(address))
            row = connection.execute(query).first()
        return None if row is None else as_struct(Suppression, row)

    def list_suppressions(self, limit: int = 1000) -> list[Suppression]:
        """The newest suppressions first."""
        with self._database.read() as connection:
            query = select(suppressions).order_by(suppressions.c.at.desc(), suppressions.c.address).limit(limit)
            return [as_struct(Suppression, row) for row in connection.execute(query)]
