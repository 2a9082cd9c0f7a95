"""Which lists are a problem, which are old, and how they are named."""

import pytest

from postlude.services.list_health import DatedList, ListsFound, of_lists, of_lists_by_name, old_lists

NOW = 1_796_000_000_000_000
"""The end of November 2026."""
FRESH = ListsFound((DatedList("google", "2026-10-01", own=True),), DatedList("crawlers", "2026-10-01"), "2026-09-01")


def test_a_list_is_old_after_a_year_or_without_a_date() -> None:
    lists = [DatedList("google", "2025-11-01"), DatedList("mimecast", ""), DatedList("barracuda", "2026-01-01")]
    assert old_lists(lists, NOW) == ["google (2025-11-01)", "mimecast (without date)"]


@pytest.mark.parametrize(
    ("found", "remedy"),
    [
        (FRESH._replace(damaged=("a.txt: line 1",)), "bundled list is used"),
        (FRESH._replace(wrong_rules=("own-rules: line 1",)), "Correct the line"),
        (FRESH._replace(damaged_countries="country: damaged"), "Import the table"),
    ],
)
def test_what_cannot_be_used_is_a_problem_with_its_remedy(found: ListsFound, remedy: str) -> None:
    assert of_lists(found, NOW).state == "problem"
    assert remedy in of_lists(found, NOW).text


def test_old_crawlers_are_a_warning() -> None:
    found = of_lists_by_name(FRESH._replace(crawlers=DatedList("crawlers", "2024-01-01")), NOW)
    assert found.state == "warning"
    assert "crawlers (2024-01-01)" in found.text


def test_fresh_lists_are_named_with_their_dates() -> None:
    found = of_lists_by_name(FRESH, NOW)
    assert found.state == "ok"
    assert found.text.startswith("google 2026-10-01 (own). ")
    assert found.text.endswith("; country 2026-09-01")
