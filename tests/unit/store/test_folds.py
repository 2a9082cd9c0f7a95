import msgspec
import pytest
from sqlalchemy import BigInteger, Integer, Text

from postlude.store.folds import Earliest, Folded, Latest, OwnText, OwnTime, Sum


class Row(msgspec.Struct):
    key: int
    visits: Sum = 0
    first_at: Earliest = None
    last_at: Latest = None
    settled_at: OwnTime = None
    how: OwnText = ""
    label: str = ""


@pytest.fixture
def folded() -> Folded:
    return Folded(Row)


def test_a_field_is_declared_once_and_the_table_follows(folded: Folded) -> None:
    assert [(column.name, type(column.type), column.nullable) for column in folded.columns()] == [
        ("visits", Integer, False),
        ("first_at", BigInteger, True),
        ("last_at", BigInteger, True),
        ("settled_at", BigInteger, True),
        ("how", Text, False),
    ]


@pytest.mark.parametrize(
    ("fold", "names"), [("sums", ("visits",)), ("earliest", ("first_at",)), ("latest", ("last_at",))]
)
def test_every_fold_knows_its_fields(folded: Folded, fold: str, names: tuple[str, ...]) -> None:
    assert getattr(folded, fold) == names


def test_keys_and_plain_fields_add_up_to_nothing(folded: Folded) -> None:
    assert folded.empty == {"visits": 0, "first_at": None, "last_at": None, "settled_at": None, "how": ""}
