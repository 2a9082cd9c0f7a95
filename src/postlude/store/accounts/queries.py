"""Users and their app passwords."""

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from postlude.kit.ids import new_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.role import Role
from postlude.store.accounts.rows import AppPassword, PasswordHash, PasswordUser, User
from postlude.store.accounts.tables import app_passwords, users, web_sessions
from postlude.store.base import TopicQueries, as_struct, lookup_key, storable

_PASSWORD_COLUMNS = [column for column in app_passwords.c if column.name != "hash"]


class AccountQueries(TopicQueries):
    """Users and their app passwords."""

    def create_user(
        self,
        address: str,
        name: str = "",
        senders: tuple[str, ...] = (),
        created_at: int = 0,
        role: Role = Role.MEMBER,
    ) -> User:
        """Add a login; InputError when the address has one already."""
        user = User(new_id(), lookup_key(address), storable(name), tuple(senders), created_at, role=role)
        row = {"id": user.id, "address": user.address, "name": user.name, "senders": list(senders)}
        try:
            with self._database.write() as connection:
                connection.execute(users.insert(), {**row, "created_at": created_at, "role": role.value})
        except IntegrityError as error:
            raise InputError(f"{address}: there is a user with this address already") from error
        return user

    def user(self, user_id: int) -> User:
        """The user; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(users).where(users.c.id == user_id)).first()
        if row is None:
            raise NotFoundError(f"no user has the id {user_id}")
        return as_struct(User, row)

    def user_by_address(self, address: str) -> User | None:
        """The user with this login address, in any case of letters."""
        with self._database.read() as connection:
            row = connection.execute(select(users).where(users.c.address == lookup_key(address))).first()
        return None if row is None else as_struct(User, row)

    def first_user(self) -> User | None:
        """The user created first, None on a new installation."""
        with self._database.read() as connection:
            row = connection.execute(select(users).order_by(users.c.created_at, users.c.id).limit(1)).first()
        return None if row is None else as_struct(User, row)

    def list_users(self) -> list[User]:
        """Every user, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(users).order_by(users.c.created_at, users.c.id)).all()
        return [as_struct(User, row) for row in rows]

    def set_senders(self, user_id: int, senders: tuple[str, ...]) -> None:
        """Replace the From addresses and patterns a user may send as."""
        with self._database.write() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(senders=list(senders)))

    def set_limits(self, user_id: int, limits: dict[str, int]) -> None:
        """Replace what differs from the settings' limits for this user."""
        with self._database.write() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(limits=limits or None))

    def end_sessions(self, user_id: int, now: int) -> None:
        """End every web session of a user that began before `now`."""
        with self._database.write() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(sessions_from=now))
            connection.execute(delete(web_sessions).where(web_sessions.c.user == user_id))

    def set_role(self, user_id: int, role: Role, was: Role | None = None) -> None:
        """Give a user another role. InputError when no owner would be left, or the role is not what it `was`."""
        known = users.c.id == user_id if was is None else (users.c.id == user_id) & (users.c.role == was.value)
        with self._database.write() as connection:
            if role is not Role.OWNER:
                self._keep_an_owner(connection, user_id)
            if not connection.execute(update(users).where(known).values(role=role.value)).rowcount and was is not None:
                raise InputError("The role of this user was changed at the same time. Look at it again.")

    def _keep_an_owner(self, connection: Connection, without: int) -> None:
        """Looked at in the transaction that takes one away, with their rows locked: two cannot go at once."""
        there = select(users.c.id).where(users.c.role == Role.OWNER.value, users.c.disabled_at.is_(None))
        owners = set(connection.execute(there.with_for_update()).scalars())
        if owners == {without}:
            raise InputError("This is the last owner. Make another user an owner first.")

    def set_disabled(self, user_id: int, at: int | None) -> None:
        """Disable a user at a time, or enable them again (None). InputError when no owner would be left."""
        with self._database.write() as connection:
            if at is not None:
                self._keep_an_owner(connection, user_id)
            connection.execute(update(users).where(users.c.id == user_id).values(disabled_at=at))

    def add_app_password(self, user_id: int, label: str, hashed: bytes, created_at: int = 0, purpose: str = "") -> int:
        """Store the hash of a new app password; its id."""
        password_id = new_id()
        row = {"id": password_id, "user": user_id, "label": storable(label), "hash": hashed, "created_at": created_at}
        row["purpose"] = purpose
        with self._database.write() as connection:
            connection.execute(app_passwords.insert(), row)
        return password_id

    def app_password_user(self, hashed: bytes) -> PasswordUser | None:
        """Whose app password has this hash."""
        query = select(users, app_passwords.c.purpose.label("its_purpose"))
        query = query.join(app_passwords, app_passwords.c.user == users.c.id)
        with self._database.read() as connection:
            row = connection.execute(query.where(app_passwords.c.hash == hashed)).first()
        return None if row is None else PasswordUser(as_struct(User, row), row.its_purpose)

    def password_hashes(self) -> list[PasswordHash]:
        """Every app password, oldest first."""
        query = select(app_passwords.c.user, app_passwords.c.hash, app_passwords.c.purpose).order_by(app_passwords.c.id)
        with self._database.read() as connection:
            return [PasswordHash(int(row[0]), bytes(row[1]), str(row[2])) for row in connection.execute(query)]

    def touch_app_password(self, hashed: bytes, at: int, unless_since: int) -> None:
        """Note a use, unless one is noted since `unless_since`: a login must not cost a write each time."""
        last = func.coalesce(app_passwords.c.last_used_at, -1)
        with self._database.read() as connection:
            due = connection.execute(
                select(app_passwords.c.id).where(app_passwords.c.hash == hashed, last < unless_since)
            ).first()
        if due is not None:
            with self._database.write() as connection:
                connection.execute(update(app_passwords).where(app_passwords.c.id == due[0]).values(last_used_at=at))

    def list_app_passwords(self, user_id: int) -> list[AppPassword]:
        """A user's app passwords, oldest first, without their hashes."""
        query = select(*_PASSWORD_COLUMNS).where(app_passwords.c.user == user_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(app_passwords.c.created_at, app_passwords.c.id)).all()
        return [as_struct(AppPassword, row) for row in rows]

    def delete_app_password(self, password_id: int) -> bool:
        """Create a password useless; False when there was none."""
        with self._database.write() as connection:
            done = connection.execute(delete(app_passwords).where(app_passwords.c.id == password_id))
        return done.rowcount > 0
