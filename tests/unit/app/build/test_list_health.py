"""Lists that cannot be used or are old are said to be."""

from pathlib import Path

import pytest

from postlude.adapters.network_lists import COUNTRIES, OWN_RULES, import_list
from postlude.app.build.list_health import check_lists

NOW = 1_796_000_000_000_000
"""The end of November 2026."""


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (OWN_RULES, "network 192.0.2.0/24 me\n", "line 1"),
        ("barracuda.txt", "nowhere\n", "line 1"),
        ("crawlers.txt", "(\n", "line 1"),
        (COUNTRIES, "damaged", "Import the table"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    found = check_lists(tmp_path, NOW)
    assert found.state == "problem"
    assert told in found.text


def test_lists_older_than_a_year_are_said_to_be_old(tmp_path: Path) -> None:
    found = check_lists(tmp_path, NOW)
    assert found.state == "warning"
    assert "google (2023-03-26)" in found.text
    assert "barracuda" not in found.text
    for name in ("google", "mimecast"):
        import_list(tmp_path, name, "192.0.2.0/24\n", source="", now=NOW)
    assert check_lists(tmp_path, NOW).state == "ok"
    assert "barracuda" in check_lists(tmp_path, NOW + 370 * 86_400_000_000).text
