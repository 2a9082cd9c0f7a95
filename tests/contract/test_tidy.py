"""The house stays tidy: rules that no linter has, and lists of exceptions that may only shrink."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "postlude"
DECISIONS = ROOT / "docs" / "dev" / "decisions"

LONGEST = 40
LONG_FUNCTIONS = 1
"""Functions over LONGEST lines. May only fall."""

BANNED = ("stumbled", "for those in a hurry", "Anybody may knock", "The hands of every")
"""Phrases that were replaced by plain words."""


@cache
def _trees() -> dict[Path, ast.Module]:
    found = (path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
    return {path: ast.parse(path.read_text()) for path in found}


def test_a_public_class_name_says_one_thing():
    homes = defaultdict(list)
    for path, tree in _trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(SOURCE)))
    shared = {name: where for name, where in homes.items() if len(where) > 1}
    assert shared == {}, "these names are taken already"


def test_functions_stay_short():
    long = {
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > LONGEST
    }
    assert len(long) <= LONG_FUNCTIONS, f"over {LONGEST} lines: {sorted(long)}"
    assert len(long) == LONG_FUNCTIONS, f"only {len(long)} are left: lower LONG_FUNCTIONS"


def test_phrases_that_were_replaced_do_not_come_back():
    found = [
        f"{path.relative_to(ROOT)}: {phrase}" for path in _trees() for phrase in BANNED if phrase in path.read_text()
    ]
    assert found == []


def test_every_decision_has_status_and_date():
    wrong = [
        path.name
        for path in sorted(DECISIONS.glob("[0-9]*.md"))
        if not re.search(
            r"^Status: (accepted|superseded by \d{4})\nDate: \d{4}-\d\d-\d\d$", path.read_text(), re.MULTILINE
        )
    ]
    assert wrong == []


def test_every_decision_has_a_number_of_its_own():
    numbers = [path.name[:4] for path in DECISIONS.glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without the docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
