"""Durable files are written in one place: what writes and renames a file itself forgets one of the two syncs."""

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "postlude"
ALLOWED = ("kit/files.py", "journal/")
FILES = sorted(path for path in SOURCE.rglob("*.py") if not path.relative_to(SOURCE).as_posix().startswith(ALLOWED))
NOT_PATHS = {"_history", "budget"}
"""Objects of our own whose `replace` takes one value."""


def renames(tree: ast.AST) -> list[int]:
    """Lines of calls like `path.replace(other)`: text takes two values, a struct and a time take names."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"replace", "rename"}
        and len(node.args) == 1
        and not node.keywords
        and getattr(node.func.value, "attr", "") not in NOT_PATHS
    ]


def test_no_file_is_renamed_by_hand() -> None:
    found = [f"{path}:{line}" for path in FILES for line in renames(ast.parse(path.read_bytes()))]
    assert not found, "use replace_durably of postlude.kit.files"


def test_a_rename_by_hand_is_found() -> None:
    assert renames(ast.parse("import pathlib\npathlib.Path('a').replace('b')")) == [2]
