"""Texts by language: one TOML file each in `texts/`, all with the same keys (held by a test)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DEFAULT: Final = "en"
Texts = Mapping[str, str]


def load_texts() -> dict[str, Texts]:
    """All languages there is a file for."""
    folder = Path(__file__).parent / "texts"
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))}


def choose_language(accept_language: str, known: Mapping[str, Texts]) -> str:
    """The language of ours the visitor likes best (RFC 9110 12.5.4); English when there is none."""
    best, best_quality = DEFAULT, 0.0
    for item in accept_language[:200].split(","):
        tag, _, parameter = item.partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in known and quality > best_quality:
            best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
