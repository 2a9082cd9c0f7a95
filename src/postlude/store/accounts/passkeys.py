"""Passkeys of users."""

from sqlalchemy import delete, or_, select, update

from postlude.store.accounts.rows import Passkey
from postlude.store.accounts.tables import passkeys
from postlude.store.base import TopicQueries, as_struct, storable


class PasskeyQueries(TopicQueries):
    """Passkeys of users."""

    def add_passkey(self, passkey: Passkey) -> bool:
        """Store a new one; False when it is known already."""
        row = {name: getattr(passkey, name) for name in Passkey.__struct_fields__}
        row["label"] = storable(passkey.label)
        statement = self._insert(passkeys).values(row).on_conflict_do_nothing()
        with self._database.write() as connection:
            return connection.execute(statement.returning(passkeys.c.id)).first() is not None

    def passkey(self, passkey_id: str) -> Passkey | None:
        """By its id, as browsers write it."""
        with self._database.read() as connection:
            row = connection.execute(select(passkeys).where(passkeys.c.id == storable(passkey_id))).first()
        return None if row is None else as_struct(Passkey, row)

    def list_passkeys(self, user_id: int) -> list[Passkey]:
        """A user's, oldest first."""
        query = select(passkeys).where(passkeys.c.user == user_id).order_by(passkeys.c.created_at, passkeys.c.id)
        with self._database.read() as connection:
            return [as_struct(Passkey, row) for row in connection.execute(query)]

    def use_passkey(self, passkey: Passkey, signs: int, at: int) -> bool:
        """Note a use; False when it was removed, or its count has grown to this meanwhile."""
        newer = or_(passkeys.c.signs < signs, (passkeys.c.signs == 0) & (signs == 0))
        mine = (passkeys.c.id == passkey.id) & newer
        with self._database.write() as connection:
            done = connection.execute(update(passkeys).where(mine).values(signs=signs, last_used_at=at))
            return done.rowcount > 0

    def delete_passkey(self, user_id: int, passkey_id: str) -> bool:
        """Forget one of a user's; False when there is none."""
        mine = (passkeys.c.id == storable(passkey_id)) & (passkeys.c.user == user_id)
        with self._database.write() as connection:
            return connection.execute(delete(passkeys).where(mine)).rowcount > 0
