"""Wrong passwords and codes of the last hour, so that a restart does not begin the counting anew."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete, select

from postlude.store.accounts.tables import guesses
from postlude.store.base import TopicQueries, storable


class Guess(NamedTuple):
    """One wrong guess, as one limit counts it."""

    limit: str
    key: str
    at: int


class GuessQueries(TopicQueries):
    """Wrong guesses, for the limits that count them."""

    def add_guesses(self, made: Iterable[Guess], forget_before: int) -> None:
        """Remember guesses, and forget those of before."""
        rows = [{"limit": one.limit, "key": storable(one.key), "at": one.at} for one in made]
        with self._database.write(alone=True) as connection:  # a wrong guess is not the act that it was made for
            connection.execute(delete(guesses).where(guesses.c.at < forget_before))
            connection.execute(guesses.insert(), rows)

    def list_guesses(self, since: int) -> list[Guess]:
        """Those since then, oldest first."""
        query = select(guesses.c.limit, guesses.c.key, guesses.c.at).where(guesses.c.at >= since)
        with self._database.read() as connection:
            return [Guess(*row) for row in connection.execute(query.order_by(guesses.c.at, guesses.c.id))]

    def forget_guesses(self, limit: str, key: str) -> None:
        """Begin anew with one key of a limit."""
        with self._database.write() as connection:
            connection.execute(delete(guesses).where(guesses.c.limit == limit, guesses.c.key == storable(key)))
