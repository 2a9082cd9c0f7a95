"""The house stays tidy: rules that no linter has, and lists of exceptions that may only shrink."""

import ast
import io
import re
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "postlude"
TESTS = ROOT / "tests"
ELSEWHERE = TESTS / "contract" / "tested_elsewhere.txt"
SHORT_SLEEP = 0.2
DECISIONS = ROOT / "docs" / "dev" / "decisions"

COLUMNS = 120
"""Of a line in the documentation; tables, code and the targets of links may be longer."""

LONGEST = 40
LONG_FUNCTIONS = 0
"""Functions over LONGEST lines. May only fall."""

TESTED_ELSEWHERE = 296
"""Lines of tested_elsewhere.txt: modules with something that runs and no test file of their own. May only fall."""

TUPLE_ASSERTS = 0
"""Asserts that compare two tuples: what fails is a place, not a fact. May only fall."""

SLEEPS = 0
"""Waits of 0.2 s or more in tests, instead of for what is waited for. May only fall."""

CALLED_BY_NAME = ("cli/", "web/", "feedback/providers/")
"""Whose functions are named by a command, a form or the provider's table, which call them: `add`, `parse`."""

MANY_LOOKS = 3
TESTS_OF_MANY_ACTS = 0
"""Tests that act and look more than MANY_LOOKS times in turn: each could be several. May only fall."""

ASSERTS = ("raises", "warns", "fail", "wait_for", "until", "bounded_processor_time")
"""Calls that can fail a test."""

BANNED = ("stumbled", "for those in a hurry", "Anybody may knock", "The hands of every")
"""Phrases that were replaced by plain words."""


RIDDLES = re.compile(
    r"(?<!there )\b(?:is|are) no (?!longer\b|more\b)|\b(?:somebody|nobody|anybody|everybody|stumbled)\b", re.IGNORECASE
)
"""Riddles for "is not a valid ...", "a user", "no recipient", "all": not in messages, docstrings, comments, pages."""

PAGES_FOR_USERS = ("README.md", "docs/howto", "docs/reference")


@cache
def _trees() -> dict[Path, ast.Module]:
    found = (path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
    return {path: ast.parse(path.read_text()) for path in found}


def test_a_public_class_name_says_one_thing() -> None:
    homes = defaultdict(list)
    for path, tree in _trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(SOURCE)))
    shared = {name: where for name, where in homes.items() if len(where) > 1}
    assert shared == {}, "these names are taken already"


def test_a_public_function_name_says_one_thing() -> None:
    homes = defaultdict(list)
    for path, tree in _trees().items():
        where = path.relative_to(SOURCE).as_posix()
        if not where.startswith(CALLED_BY_NAME):
            for node in tree.body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    homes[node.name].append(where)
    shared = {name: places for name, places in homes.items() if len(places) > 1}
    assert shared == {}, "say in the name what it does it to: `parse_ip`, not `parse`"


def test_functions_stay_short() -> None:
    long = {
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > LONGEST
    }
    assert len(long) <= LONG_FUNCTIONS, f"over {LONGEST} lines: {sorted(long)}"
    assert len(long) == LONG_FUNCTIONS, f"only {len(long)} are left: lower LONG_FUNCTIONS"


def test_every_module_has_its_test_file_or_says_which_one_tries_it() -> None:
    """A module `services/digest/steps.py` is tried by `test_steps.py` in unit/services/digest or integration/digest."""
    listed = dict(line.split() for line in ELSEWHERE.read_text().splitlines() if not line.startswith("#"))
    modules = {
        path.relative_to(SOURCE)
        for path, tree in _trees().items()
        if path.name not in {"__init__.py", "__main__.py"} and not _only_declares(tree)
    }
    without = {str(module) for module in modules if not any(file.exists() for file in _own_tests(module))}
    assert without - set(listed) == set(), "write their test file"
    assert set(listed) - without == set(), "they have their test file now or are gone: take them off the list"
    assert [test for test in listed.values() if not (TESTS / test).exists()] == []
    assert len(listed) == TESTED_ELSEWHERE, "lower TESTED_ELSEWHERE"


def _only_declares(tree: ast.Module) -> bool:
    """Whether nothing in it runs: types, tables and protocols are tried by what uses them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda | ast.comprehension | ast.For | ast.While | ast.Try | ast.With):
            return False
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not all(_is_text(each) for each in node.body):
            return False
    return True


def _is_text(node: ast.stmt) -> bool:
    """A docstring, or `...`."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@pytest.mark.parametrize(
    ("source", "declares"),
    [
        ('class Read(Protocol):\n    def __call__(self) -> int:\n        """A number."""\n        ...', True),
        ("class Row(Struct):\n    id: int = 0\n\nTABLE = Table('t', Column('id'))", True),
        ("class Row(Struct):\n    id: int\n\n    def double(self) -> int:\n        return 2 * self.id", False),
        ("def double(number: int) -> int:\n    return 2 * number", False),
        ("NAMES = {name: name.lower() for name in ALL}", False),
    ],
)
def test_what_runs_is_more_than_a_declaration(source: str, *, declares: bool) -> None:
    assert _only_declares(ast.parse(source)) is declares


def _own_tests(module: Path) -> list[Path]:
    name = f"test_{module.stem}.py"
    folders = (TESTS / "unit" / module.parent, TESTS / "integration" / module.parent)
    if module.parent == Path("feedback/providers"):  # what the provider documents is read by test_providers.py
        return [TESTS / "unit" / "feedback" / "documented" / f"{module.stem}.json"]
    return [folder / name for folder in (*folders, TESTS / "integration" / Path(*module.parts[1:-1]))]


def test_a_test_compares_one_thing_at_a_time() -> None:
    found = [node for tree in _tests().values() for node in ast.walk(tree) if _compares_tuples(node)]
    assert len(found) <= TUPLE_ASSERTS, "write one assert for each"
    assert len(found) == TUPLE_ASSERTS, f"only {len(found)} are left: lower TUPLE_ASSERTS"


def test_a_test_does_one_thing() -> None:
    found = {
        f"{path.relative_to(TESTS)}: {node.name}"
        for path, tree in _tests().items()
        for node in _functions(tree).values()
        if node.name.startswith("test_") and _looks(node) > MANY_LOOKS
    }
    assert len(found) <= TESTS_OF_MANY_ACTS, f"write one test for each act: {sorted(found)}"
    assert len(found) == TESTS_OF_MANY_ACTS, f"only {len(found)} are left: lower TESTS_OF_MANY_ACTS"


def test_acts_are_counted() -> None:
    twice = (
        "def test():\n    add()\n    assert one()\n    assert two()\n    take()\n    with raises(E):\n        three()"
    )
    [function] = ast.parse(twice).body
    assert _looks(function) == 2


def _looks(function: ast.stmt) -> int:
    """How often asserts come after something that is done."""
    done, looks = True, 0
    for node in _in_order(function):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.With | ast.AsyncWith) and _raises(node)):
            looks += done
            done = False
        elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete):
            done |= any(isinstance(each, ast.Call) for each in ast.walk(node))
    return looks


def _in_order(node: ast.stmt) -> Iterator[ast.stmt]:
    """The statements within, not those of what must raise."""
    for each in (one for field in ("body", "orelse", "handlers", "finalbody") for one in getattr(node, field, ())):
        yield each
        if not _raises(each):
            yield from _in_order(each)


def _raises(node: ast.stmt) -> bool:
    return isinstance(node, ast.With | ast.AsyncWith) and any(
        isinstance(item.context_expr, ast.Call) and _called(item.context_expr) in ASSERTS for item in node.items
    )


def test_tests_wait_for_what_happens_and_not_for_a_time() -> None:
    found = [node for tree in _tests().values() for node in ast.walk(tree) if _sleeps(node)]
    assert len(found) <= SLEEPS, "wait for what is waited for, or move the clock"
    assert len(found) == SLEEPS, f"only {len(found)} are left: lower SLEEPS"


def test_no_test_measures_processor_time() -> None:
    """It says what else the machine does. `support.processor` ends what costs far too much."""
    found = [
        f"{path.relative_to(TESTS)}: {_called(node)}"
        for path, tree in _tests().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node) in {"process_time", "perf_counter", "thread_time"}
    ]
    assert found == []


def test_mypy_looks_into_every_module() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    assert [one["module"] for one in overrides if one.get("ignore_errors")] == [], "type them"


def test_every_test_can_fail() -> None:
    """It asserts, or calls a function of its file that does."""
    found = [
        f"{path.relative_to(TESTS)}: {node.name}"
        for path, tree in _tests().items()
        for functions in (_functions(tree),)
        for node in functions.values()
        if node.name.startswith("test_") and not _can_fail(node, functions, {node.name})
    ]
    assert found == []


@cache
def _tests() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in TESTS.rglob("test_*.py")}


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _can_fail(node: ast.AST, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], seen: set[str]) -> bool:
    for each in ast.walk(node):
        if isinstance(each, ast.Assert | ast.Raise):
            return True
        if isinstance(each, ast.Call):
            name = _called(each)
            if name in ASSERTS or name.startswith(("expect", "assert", "check_")):
                return True
            if name in functions and name not in seen:
                seen.add(name)
                if _can_fail(functions[name], functions, seen):
                    return True
    return False


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _compares_tuples(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Assert)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Tuple)
        and isinstance(node.test.comparators[0], ast.Tuple)
    )


def _sleeps(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and _called(node) == "sleep" and node.args):
        return False
    seconds = node.args[0]
    return isinstance(seconds, ast.Constant) and isinstance(seconds.value, int | float) and seconds.value >= SHORT_SLEEP


def test_phrases_that_were_replaced_do_not_come_back() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {phrase}" for path in _trees() for phrase in BANNED if phrase in path.read_text()
    ]
    assert found == []


def test_what_a_disk_refuses_is_said_with_the_file_and_what_to_do() -> None:
    """`kit.file_trouble` knows the remedies."""
    bare = re.compile(r"StorageError\([^)]*\.strerror")
    assert [str(path.relative_to(ROOT)) for path in _trees() if bare.search(path.read_text())] == []


def test_texts_hold_no_riddles() -> None:
    texts = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", node.value)
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    texts += [(f"{path.relative_to(ROOT)}:{line}", text) for path in _trees() for line, text in _comments(path)]
    files = list((SOURCE / "web" / "templates").rglob("*.html"))
    for name in PAGES_FOR_USERS:
        files += [ROOT / name] if name.endswith(".md") else (ROOT / name).rglob("*.md")
    texts += [(str(path.relative_to(ROOT)), path.read_text()) for path in files]
    wrong = [f"{place}: {found[0]}" for place, text in texts if (found := RIDDLES.search(text))]
    assert wrong == []


def test_names_hold_no_riddles() -> None:
    """`_EVERYBODY` is `_ANY_SENDER`: say who."""
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in _trees().items()
        for node in ast.walk(tree)
        if (name := _named(node)) and re.search(r"(?:some|no|any|every)body", name, re.IGNORECASE)
    ]
    assert wrong == []


def _named(node: ast.AST) -> str:
    """What a definition, an assignment or an argument calls something."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else ""


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    """Every comment with its line."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


@pytest.mark.parametrize("text", ["x is no address", "Nobody fits", "somebody asked for it"])
def test_a_riddle_is_noticed(text: str) -> None:
    assert RIDDLES.search(text)


def test_every_decision_has_status_and_date() -> None:
    wrong = [
        path.name
        for path in sorted(DECISIONS.glob("[0-9]*.md"))
        if not re.search(
            r"^Status: (accepted|superseded by \d{4})\nDate: \d{4}-\d\d-\d\d$", path.read_text(), re.MULTILINE
        )
    ]
    assert wrong == []


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in DECISIONS.glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def test_lines_of_the_documentation_are_short() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
    wrong = [f"{page.relative_to(ROOT)}:{number}" for page in pages for number in _long_lines(page.read_text())]
    assert not wrong, f"over {COLUMNS} columns (`make fix` wraps them): {wrong}"


def test_only_tables_code_and_links_may_be_longer() -> None:
    long = "word " * 30
    assert _long_lines(long) == [1]
    assert _long_lines(f"```\n{long}\n```\n| {long} |\n[here](https://example.org/{'a' * 200})") == []


def _long_lines(text: str) -> list[int]:
    """Numbers of the lines over COLUMNS."""
    found, code = [], False
    for number, line in enumerate(text.splitlines(), 1):
        code ^= line.lstrip().startswith("```")
        seen = re.sub(r"\]\([^)]*\)|https?://\S+", "", line)
        if not code and not line.lstrip().startswith("|") and len(seen) > COLUMNS:
            found.append(number)
    return found


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without the docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
