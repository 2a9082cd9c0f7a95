"""What crosses a package has a name and says what it promises; every topic stands in its contract."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "postlude"

# fmt: off
GENERIC = frozenset({
    "retried", "unless_stopped", "BoundedChildren.call", "BoundedChildren.stream",  # run any function
    "LogLimit.__init__",  # `time.monotonic`, which tests replace
})
# fmt: on
"""Joints of `kit` whose callable means nothing but itself. May only shrink."""

BARE = ("Callable", "Awaitable", "Coroutine")


@cache
def _trees() -> dict[Path, ast.Module]:
    found = (path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
    return {path: ast.parse(path.read_text()) for path in found}


def _package(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0]


@cache
def _importers() -> dict[str, set[str]]:
    """Packages by the name they import."""
    found: dict[str, set[str]] = {}
    for path, tree in _trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for name in node.names:
                    found.setdefault(name.name, set()).add(_package(path))
    return found


def _crossing() -> Iterator[tuple[str, ast.expr]]:
    """Name and annotation of whatever another package imports and may be given, or gives, through it."""
    for path, tree in _trees().items():
        for node in tree.body:
            name = getattr(node, "name", "")
            if not _importers().get(name, set()) - {_package(path)}:
                continue
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from ((name, one) for one in _annotations(node))
            elif isinstance(node, ast.ClassDef):
                yield from ((f"{name}.{of}", one) for of, one in _members(node))


def _members(owner: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    protocol = any(ast.unparse(base).startswith("Protocol") for base in owner.bases)
    for node in owner.body:
        if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            yield ast.unparse(node.target), node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            not node.name.startswith("_") or node.name in {"__init__", "__call__"}
        ):
            yield from ((node.name, one) for one in _annotations(node, returns=not protocol))


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef, *, returns: bool = True) -> Iterator[ast.expr]:
    given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    yield from (one.annotation for one in given if one.annotation is not None)
    if returns and node.returns is not None:  # a Protocol whose call is awaited gives an Awaitable
        yield node.returns


def _aliases() -> Iterator[str]:
    """Public names of a callable type: "go to definition" ends there without a word."""
    for path, tree in _trees().items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
                name = ast.unparse(node.targets[0])
                if ast.unparse(node.value.value) in BARE and _importers().get(name, set()) - {_package(path)}:
                    yield name


def test_what_crosses_a_package_is_a_protocol_with_a_name() -> None:
    bare = {
        name
        for name, annotation in _crossing()
        if any(isinstance(one, ast.Name) and one.id in BARE for one in ast.walk(annotation))
    }
    assert bare - GENERIC == set(), "write a Protocol with a name of the field and a docstring"
    assert GENERIC - bare == set(), "take these off the list"
    assert list(_aliases()) == []


def test_every_protocol_says_what_it_promises() -> None:
    """Itself, and its call where it has one."""
    silent = [
        f"{path.relative_to(SOURCE)}: {owner.name}"
        for path, tree in _trees().items()
        for owner in tree.body
        if isinstance(owner, ast.ClassDef)
        and not owner.name.startswith("_")
        and any(ast.unparse(base).startswith("Protocol") for base in owner.bases)
        and not all(ast.get_docstring(one) for one in (owner, *_calls(owner)))
    ]
    assert silent == []


def _calls(owner: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in owner.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "__call__":
            yield node


@pytest.mark.parametrize("floor", ["services", "web", "cli"])
def test_every_topic_of_a_floor_stands_in_its_contract(floor: str) -> None:
    """import-linter checks only the modules it is told of."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    listed = {module for one in contracts if one["type"] == "independence" for module in one["modules"]}
    topics = {f"postlude.{floor}.{path.parent.name}" for path in (SOURCE / floor).glob("*/__init__.py")}
    assert topics - listed == set()
