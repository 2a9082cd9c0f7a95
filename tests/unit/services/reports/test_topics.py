"""Topics as they are typed."""

import pytest

from postlude.model.errors import InputError
from postlude.services.reports.topics import read_topics


@pytest.mark.parametrize(
    ("typed", "topics"),
    [("", ()), (" Spring  sale , spring sale,Prices,", ("Spring sale", "Prices")), ("a", ("a",))],
)
def test_each_is_read_once(typed: str, topics: tuple[str, ...]) -> None:
    assert read_topics(typed) == topics


@pytest.mark.parametrize("typed", [",".join(map(str, range(21))), "x" * 61])
def test_too_much_is_refused(typed: str) -> None:
    with pytest.raises(InputError):
        read_topics(typed)
