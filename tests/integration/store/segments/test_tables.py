import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from postlude.segments.expression import Everyone
from postlude.store import Store
from postlude.store.segments.tables import segment_members


def test_a_contact_is_in_a_segment_once(store: Store) -> None:
    made = store.segments.add("All", Everyone(), 1)
    rows = [{"segment": made.id, "contact": 5}] * 2
    with pytest.raises(IntegrityError), store.segments._database.write() as connection:
        connection.execute(insert(segment_members), rows)
