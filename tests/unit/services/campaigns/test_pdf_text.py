import pytest

from postlude.services.campaigns.pdf_text import fitting_text


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("Größe, Привет, Ελλάδα, ▲ 5 €", "Größe, Привет, Ελλάδα, ▲ 5 €"),
        ("<img src='file:///etc/passwd'/>", "&lt;img src=&#x27;file:///etc/passwd&#x27;/&gt;"),
        ("你好", '<font name="STSong-Light">你好</font>'),
        ("日本のニュース", '<font name="HeiseiMin-W3">日本のニュース</font>'),
        ("한국", '<font name="HYSMyeongJo-Medium">한국</font>'),
        ("A\tB\nC", "A B C"),
        ("a\x00\x1b\u202eb", "ab"),
        ("שלום 🎉", "□□□□ □"),
        ("e\u0301", "é"),
    ],
)
def test_a_text_is_set_in_fonts_that_have_it(text: str, markup: str) -> None:
    assert fitting_text(text) == markup


def test_a_text_ends_somewhere() -> None:
    assert len(fitting_text("x" * 10_000)) == 600
