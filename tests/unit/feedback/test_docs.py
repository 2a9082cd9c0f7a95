from pathlib import Path

import pytest

from postlude.feedback import Evidence, FindingKind, Reason
from postlude.feedback.reasons import AXES

PAGE = (Path(__file__).parents[3] / "docs/reference/feedback.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "word", [*FindingKind, *(word for word in Reason if word), *(word for word in Evidence if word)]
)
def test_every_word_is_documented(word: str) -> None:
    assert f"`{word}`" in PAGE


def test_the_axes_in_the_page_are_the_axes_in_the_code() -> None:
    for reason, axes in AXES.items():
        if reason:
            assert f"| `{reason}` | {axes.fault} | {axes.persistence} |" in PAGE
