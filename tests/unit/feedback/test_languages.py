"""The language files hold together: each field everywhere, nothing that would decide what it must not."""

from importlib.resources import files

import pytest

from postlude.feedback import languages
from postlude.feedback.subjects import read_absence

FIELDS = (
    "reply", "forward", "outside", "automatic", "away", "until", "away_text", "opening", "wrote", "from", "sent", "to",
    "cc", "subject", "reply_to", "original", "sent_from", "leave", "leave_sentence",
    "negation", "politeness", "disclaimer", "banner",
)  # fmt: skip


def test_there_are_25_languages_and_more() -> None:
    assert len(languages.codes()) >= 25


@pytest.mark.parametrize("code", languages.codes())
def test_a_language_lists_every_field(code: str) -> None:
    assert all(isinstance(languages.of(code, field), tuple) for field in FIELDS)
    assert all(languages.of(code, field) for field in FIELDS if field not in {"opening", "outside", "negation"})


@pytest.mark.parametrize("code", languages.codes())
def test_one_word_of_absence_goes_on_with_until_when(code: str) -> None:
    for word in languages.of(code, "away"):
        for until in languages.of(code, "until"):
            assert read_absence(f"{word} {until.rstrip('# ')} 5").away, (word, until)


def test_one_word_of_absence_before_other_words_is_no_sign() -> None:
    assert not read_absence("Urlaub in Griechenland ab 399 Euro").away
    assert not read_absence("Vacation homes you will love").away


def test_every_field_is_explained() -> None:
    page = files(languages).joinpath("README.md").read_text("utf-8")
    assert [field for field in FIELDS if f"`{field}`" not in page] == []


def test_words_are_compared_without_case_accents_and_kinds_of_apostrophe() -> None:
    assert languages.fold_text("RÉPONSE  D’Absence") == languages.fold_text("reponse d'absence")
