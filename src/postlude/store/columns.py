"""Common to all tables: one catalogue, and recurring kinds of columns."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes only a column declared INTEGER the rowid, which holds 64 bits all the same.
Big = BigInteger().with_variant(Integer(), "sqlite")


def own_id() -> Column[int]:
    """The row's id, given by us."""
    return Column("id", Big, primary_key=True, autoincrement=False)


def part_of_key(name: str) -> Column[int]:
    """One id of a key of several."""
    return Column(name, Big, primary_key=True, autoincrement=False)


def count(name: str) -> Column[int]:
    """A number that begins at 0."""
    return Column(name, Integer, nullable=False, server_default="0")


def words(name: str) -> Column[str]:
    """A text, empty when there is none."""
    return Column(name, Text, nullable=False, server_default="")


def text(name: str) -> Column[str]:
    """A text that is always there."""
    return Column(name, Text, nullable=False)


def moment(name: str, *, always: bool = False) -> Column[int]:
    """Microseconds since the epoch; NULL means never, unless it is `always` there."""
    return Column(name, Big, nullable=not always)
