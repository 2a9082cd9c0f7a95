"""The language files hold together: each field everywhere, nothing that would decide what it must not."""

from importlib.resources import files

import pytest

from postlude.feedback import languages

FIELDS = (
    "reply", "forward", "outside", "automatic", "away", "away_text", "opening", "wrote", "from", "sent", "to", "cc",
    "subject", "reply_to", "original", "sent_from", "leave", "leave_sentence", "politeness", "disclaimer", "banner",
)  # fmt: skip


def test_there_are_25_languages_and_more():
    assert len(languages.codes()) >= 25


@pytest.mark.parametrize("code", languages.codes())
def test_a_language_lists_every_field(code: str):
    assert all(isinstance(languages.of(code, field), tuple) for field in FIELDS)
    assert all(languages.of(code, field) for field in FIELDS if field not in {"opening", "outside"})


def test_every_field_is_explained():
    page = files(languages).joinpath("README.md").read_text("utf-8")
    assert [field for field in FIELDS if f"`{field}`" not in page] == []


def test_words_are_compared_without_case_accents_and_kinds_of_apostrophe():
    assert languages.fold("RÉPONSE  D’Absence") == languages.fold("reponse d'absence")
