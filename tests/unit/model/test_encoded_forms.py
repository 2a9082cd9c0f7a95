"""How a word may stand in a text that does not show it."""

import base64
import re

import pytest

from postlude.model.encoded_forms import BASE64_RUN, any_form, base64_readings, escaped_form

WORD = "quillfeather+1"


@pytest.mark.parametrize("text", [WORD, WORD.upper(), "quillfeather%2B1", "quillfeather&#43;1", "quillfeather=2b1"])
def test_a_word_is_found_with_its_signs_escaped(text: str) -> None:
    assert re.search(escaped_form(WORD), text)
    assert re.search(any_form((WORD,)), text)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("urls", [False, True])
def test_a_word_is_found_at_every_place_of_base64(place: int, urls: bool) -> None:
    coded = base64.urlsafe_b64encode if urls else base64.b64encode
    text = coded(b"?" * place + WORD.title().encode() + b"?").decode()
    assert re.search(any_form((WORD,)), text)
    assert any(WORD in reading.lower() for reading in base64_readings(text, (WORD,)))


def test_a_short_word_is_not_looked_for_in_base64() -> None:
    assert any_form(("ann",)) == escaped_form("ann")
    assert list(base64_readings(base64.b64encode(b"ann").decode(), ("ann",))) == []


def test_special_characters_mean_themselves() -> None:
    assert re.fullmatch(escaped_form("a.b*(c)|d"), "a.b*(c)|d")
    assert not re.search(escaped_form("a.b"), "axb")


@pytest.mark.parametrize("text", ["", "=", "A", "AAAAA", "%", "QUJD\nREVG==", "\\n\\n"])
def test_what_is_no_base64_is_read_as_far_as_it_goes(text: str) -> None:
    assert isinstance([run[0] for run in BASE64_RUN.finditer(text)], list)
    assert list(base64_readings(text, (WORD,))) == []
