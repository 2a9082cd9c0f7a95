"""Endpoints read the store and never write to it: what changes state is a service's, so that it is written once."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "postlude"
ENDPOINTS = [name for name in ("web", "cli", "api", "mcp") if (SOURCE / name).is_dir()]


def _writers() -> set[str]:
    """Names of the store's public methods that open a write transaction, themselves or through another method."""
    calls: dict[str, set[str]] = {}
    for path in (SOURCE / "store").rglob("*.py"):
        for owner in ast.walk(ast.parse(path.read_text())):
            if isinstance(owner, ast.ClassDef):
                for method in owner.body:
                    if isinstance(method, ast.FunctionDef):
                        calls.setdefault(method.name, set()).update(_called_on_self(method))
    writing = {"write"}
    while found := {name for name, used in calls.items() if used & writing} - writing:
        writing |= found
    return {name for name in writing - {"write"} if not name.startswith("_")}


def _called_on_self(method: ast.FunctionDef) -> Iterator[str]:
    """`write` of `self._database.write()`, `x` of `self.x()` and of `self._part.x()`."""
    for call in ast.walk(method):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            owner = ast.unparse(call.func.value)
            if owner == "self" or owner.startswith("self._"):
                yield call.func.attr


def _store_calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and method of every call `...store.topic.method(...)`."""
    for call in ast.walk(ast.parse(path.read_text())):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(value=owner), attr=method)) if (
                ast.unparse(owner).rpartition(".")[2].strip("_()") == "store"
            ):
                yield call.lineno, method


def test_the_stores_writing_methods_are_found() -> None:
    assert {"add", "erase", "delete", "set_limits", "put_member", "apply"} <= _writers()


def test_reading_methods_are_not_among_them() -> None:
    assert not {"by_address", "every", "tag_names", "audience_count"} & _writers()


@pytest.mark.parametrize("package", ENDPOINTS)
def test_it_never_writes_to_the_store(package: str) -> None:
    writers = _writers()
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {method}"
        for path in sorted((SOURCE / package).rglob("*.py"))
        for line, method in _store_calls(path)
        if method in writers
    ]
    assert found == []
