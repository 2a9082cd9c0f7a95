"""Tags of contacts."""

from collections.abc import Iterable

from sqlalchemy import and_, delete, select

from postlude.kit.ids import new_id
from postlude.store.base import TopicQueries, chunks, named, storable
from postlude.store.contacts.tables import contact_tags, tags


class Tags(TopicQueries):
    """Tags, and who has which."""

    def tag(self, name: str) -> int:
        """The id of a tag, made when it is new."""
        shown = named(name, "tag")
        with self._database.write() as connection:
            statement = self._insert(tags).values(id=new_id(), name=shown, key=shown.lower())
            connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
            return int(connection.execute(select(tags.c.id).where(tags.c.key == shown.lower())).scalar_one())

    def find_tag(self, name: str) -> int | None:
        """The id of a tag, None when it does not exist."""
        with self._database.read() as connection:
            return connection.execute(select(tags.c.id).where(tags.c.key == storable(name.strip()).lower())).scalar()

    def tag_names(self) -> dict[int, str]:
        """Every tag's name by id, in the order of the names."""
        with self._database.read() as connection:
            return {row.id: row.name for row in connection.execute(select(tags).order_by(tags.c.key))}

    def tags_of(self, wanted: Iterable[int]) -> dict[int, list[str]]:
        """Tags of these contacts; those without any are absent."""
        found: dict[int, list[str]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(contact_tags.c.contact, tags.c.name).join(tags, tags.c.id == contact_tags.c.tag)
                query = query.where(contact_tags.c.contact.in_(some)).order_by(tags.c.key)
                for row in connection.execute(query):
                    found.setdefault(row[0], []).append(row[1])
        return found

    def tag_contact(self, tag: int, contact: int) -> None:
        """Tag a contact; again changes nothing."""
        with self._database.write() as connection:
            statement = self._insert(contact_tags).values(tag=tag, contact=contact)
            connection.execute(statement.on_conflict_do_nothing())

    def untag_contact(self, tag: int, contact: int) -> bool:
        """Take a tag off; False when the contact did not have it."""
        mine = and_(contact_tags.c.tag == tag, contact_tags.c.contact == contact)
        with self._database.write() as connection:
            return connection.execute(delete(contact_tags).where(mine)).rowcount > 0
