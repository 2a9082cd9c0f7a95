"""By which names other services know our users."""

from sqlalchemy import delete, func, select

from postlude.store.accounts.rows import User
from postlude.store.accounts.tables import identities, users
from postlude.store.base import TopicQueries, as_struct, storable


class IdentityQueries(TopicQueries):
    """Users as issuers of single sign-on know them."""

    def identity_user(self, issuer: str, subject: str) -> User | None:
        """Whose it is; None: not known yet."""
        query = select(users).join(identities, identities.c.user == users.c.id)
        mine = (identities.c.issuer == storable(issuer)) & (identities.c.subject == storable(subject))
        with self._database.read() as connection:
            row = connection.execute(query.where(mine)).first()
        return None if row is None else as_struct(User, row)

    def put_identity(self, issuer: str, subject: str, user_id: int, at: int) -> bool:
        """Remember it; False when the issuer knows the user by another name already."""
        row = {"issuer": storable(issuer), "subject": storable(subject), "user": user_id, "at": at}
        with self._database.write() as connection:
            connection.execute(select(users.c.id).where(users.c.id == user_id).with_for_update())
            other = select(func.count()).where(identities.c.user == user_id, identities.c.issuer == row["issuer"])
            if connection.execute(other).scalar():
                return False
            connection.execute(identities.insert().values(row))
        return True

    def forget_identities(self, user_id: int) -> int:
        """Forget all of a user's; how many."""
        with self._database.write() as connection:
            return connection.execute(delete(identities).where(identities.c.user == user_id)).rowcount
