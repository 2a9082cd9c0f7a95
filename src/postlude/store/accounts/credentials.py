"""How users sign in to the web app besides links: passwords, second step, recovery codes."""

from typing import Any

from sqlalchemy import select, update

from postlude.store.accounts.rows import Credentials
from postlude.store.accounts.tables import credentials
from postlude.store.base import TopicQueries, as_struct


class CredentialQueries(TopicQueries):
    """Passwords and second steps of users."""

    def credentials(self, user_id: int) -> Credentials:
        """What the user signs in with; empty when nothing was ever set."""
        with self._database.read() as connection:
            row = connection.execute(select(credentials).where(credentials.c.user == user_id)).first()
        return Credentials(user_id) if row is None else as_struct(Credentials, row)

    def put_password(self, user_id: int, hashed: str, at: int) -> None:
        """Replace the hash of a user's password; empty: there is none any more."""
        self._set(user_id, password=hashed, password_at=at)

    def rehash_password(self, user_id: int, before: str, hashed: str) -> None:
        """The same password, hashed anew; nothing when it was changed meanwhile."""
        with self._database.write() as connection:
            mine = (credentials.c.user == user_id) & (credentials.c.password == before)
            connection.execute(update(credentials).where(mine).values(password=hashed))

    def offer_totp(self, user_id: int, secret: bytes) -> None:
        """Remember a secret that was shown and must be confirmed."""
        self._set(user_id, totp_offered=secret)

    def confirm_totp(self, user_id: int, secret: bytes, step: int, recovery: tuple[str, ...]) -> bool:
        """Begin with the second step; False when another secret was offered meanwhile."""
        values = {"totp": secret, "totp_offered": None, "totp_step": step, "recovery": list(recovery)}
        with self._database.write() as connection:
            mine = (credentials.c.user == user_id) & (credentials.c.totp_offered == secret)
            return connection.execute(update(credentials).where(mine).values(values)).rowcount > 0

    def drop_totp(self, user_id: int) -> None:
        """End the second step and its recovery codes."""
        self._set(user_id, totp=None, totp_offered=None, recovery=[])

    def use_totp_step(self, user_id: int, step: int) -> bool:
        """Use up the code of a time step; False when it, or a newer one, was used before."""
        with self._database.write() as connection:
            unused = (credentials.c.user == user_id) & (credentials.c.totp_step < step)
            return connection.execute(update(credentials).where(unused).values(totp_step=step)).rowcount > 0

    def put_recovery(self, user_id: int, recovery: tuple[str, ...]) -> None:
        """Replace the hashes of the recovery codes."""
        self._set(user_id, recovery=list(recovery))

    def use_recovery(self, user_id: int, hashed: str) -> bool:
        """Use up one recovery code; False when it is not one of them."""
        query = select(credentials.c.recovery).where(credentials.c.user == user_id)
        with self._database.write() as connection:
            left = connection.execute(query.with_for_update()).scalar() or []
            if hashed not in left:
                return False
            left.remove(hashed)
            mine = credentials.c.user == user_id
            connection.execute(update(credentials).where(mine).values(recovery=left))
        return True

    def _set(self, user_id: int, **values: Any) -> None:  # noqa: ANN401 - columns of several types
        row = {"user": user_id, "recovery": [], **values}
        statement = self._insert(credentials).values(row)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["user"], set_=values))
