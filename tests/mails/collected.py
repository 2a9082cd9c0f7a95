"""The corpora beside this checkout; tests that need them are skipped with a sentence when they are not there."""

from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared/corpus"


def files(*suffixes: str) -> list[Path]:
    """Every file of the corpora with one of these suffixes."""
    return sorted(path for path in CORPUS.rglob("*") if path.suffix in suffixes) if CORPUS.exists() else []


def each(*suffixes: str) -> pytest.MarkDecorator:
    """Parametrise `file` over them."""
    found = [pytest.param(path, id=str(path.relative_to(CORPUS))) for path in files(*suffixes)]
    nothing = pytest.param(None, marks=pytest.mark.skip("the corpora do not lie beside this checkout"))
    return pytest.mark.parametrize("file", found or [nothing])
