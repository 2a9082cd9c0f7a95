"""The visitor's language."""

import pytest

from postlude.edge.pages.language import choose_language, load_texts


def test_every_language_has_every_text() -> None:
    texts = load_texts()
    assert set(texts) == {"en", "de", "fr"}
    assert {frozenset(text) for text in texts.values()} == {frozenset(texts["en"])}
    assert all(value.strip() for text in texts.values() for value in text.values())


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("de-CH,de;q=0.9", "de"),
        ("fr;q=0.2, de;q=0.3", "de"),
        ("ja, fr;q=0.1", "fr"),
        ("", "en"),
        ("*", "en"),
        ("de;q=x", "en"),
    ],
)
def test_the_language_is_the_visitors(accept: str, expected: str) -> None:
    assert choose_language(accept, load_texts()) == expected
