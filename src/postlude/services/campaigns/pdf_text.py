"""Text for PDF in most scripts: which font has it, and what stands for a character that none has."""

import unicodedata
from functools import cache
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

FONT: Final = "DejaVuSans"
FONT_BOLD: Final = "DejaVuSans-Bold"
_FOLDER: Final = Path(__file__).parent / "fonts"
_CHINESE, _JAPANESE, _KOREAN = "STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"
"""Every PDF reader brings or finds these: they are not in the file."""
_MISSING: Final = "\u25a1"
_LONGEST: Final = 600
"""Characters of one text; a report needs no more."""


@cache
def register_fonts() -> None:
    """Make the fonts known to reportlab, once."""
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 - few processes make a PDF
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont  # noqa: PLC0415 - as above
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415 - as above

    for name in (FONT, FONT_BOLD):
        pdfmetrics.registerFont(TTFont(name, str(_FOLDER / f"{name}.ttf")))
    for name in (_CHINESE, _JAPANESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))


@cache
def _ours() -> frozenset[int]:
    """Characters that our own font has."""
    from reportlab.pdfbase.ttfonts import TTFontFile  # noqa: PLC0415 - as above

    return frozenset(TTFontFile(str(_FOLDER / f"{FONT}.ttf")).charToGlyph)


def fitting_text(text: str) -> str:
    """The text as reportlab's markup, in fonts that have it; nothing in it is markup itself.

    What no font has becomes a box. Text that is written from right to left is not set: it becomes boxes as well.
    """
    clean = "".join(" " if char in "\t\r\n" else char for char in unicodedata.normalize("NFC", text[:_LONGEST]))
    kana = any(_is_kana(char) for char in clean)
    runs = groupby(((_font_of(char, kana), char) for char in clean if char.isprintable()), key=lambda pair: pair[0])
    return "".join(_run(font, [char for _, char in some]) for font, some in runs)


def _run(font: str, characters: list[str]) -> str:
    if font == FONT:
        return escape("".join(characters))
    if not font:
        return _MISSING * len(characters)
    return f'<font name="{font}">{escape("".join(characters))}</font>'


def _font_of(char: str, kana: bool) -> str:
    if ord(char) in _ours():
        return FONT
    if "\uac00" <= char <= "\ud7a3" or "\u1100" <= char <= "\u11ff":
        return _KOREAN
    if _is_kana(char):
        return _JAPANESE
    if "\u3000" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef":
        return _JAPANESE if kana else _CHINESE
    return ""


def _is_kana(char: str) -> bool:
    return "\u3040" <= char <= "\u30ff"
