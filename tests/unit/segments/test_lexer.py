import pytest
from hypothesis import given

from postlude.model.errors import InputError
from postlude.segments.lexer import LONGEST, SegmentError, lexemes, quoted
from support.segment_trees import TEXT


@given(TEXT)
def test_a_quoted_text_is_read_back(text: str) -> None:
    read = next(iter(lexemes(quoted(text))))
    assert read.kind == "text"
    assert read.value == text


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a >= 1", ["word", "sign", "number", "end"]),
        ("#0123456789abcdef", ["id", "end"]),
        ("'a\\'b' \"c\"", ["text", "text", "end"]),
        ("-1.5", ["number", "end"]),
        ("\u2018it's\u2019 \u201eso\u201c 'Bob\u2019s'", ["text", "text", "text", "end"]),
    ],
)
def test_lexemes_have_kinds(text: str, kinds: list[str]) -> None:
    assert [one.kind for one in lexemes(text)] == kinds


@pytest.mark.parametrize("text", ["'a", "#12", "1.2.3", "12ab", "a; b", "\u2603"])
def test_a_sign_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(SegmentError):
        list(lexemes(text))


def test_a_long_text_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="the most"):
        next(lexemes("a" * (LONGEST + 1)))
