"""Names: one word a thing, the field's, and nothing defined that nobody uses."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "postlude"
TESTS = ROOT / "tests"

# docs/reference/words.md and docs/dev/architecture.md have the words that took their place.
REPLACED = {
    "unsure": "indeterminate",
    "door": "channel, inbound server, SMTP session",
    "guard": "policy",
    "face": "endpoint",
    "lane": "queue (of records), sender (of copies)",
    "desk": "services",
    "deed": "action",
    "chore": "maintenance",
    "trial": "test mail",
    "judging": "classifier",
    "letter": "mail, transaction, confirmation",
    "said": "reported, statement, notice",
    "interpreter": "steps",
    "aside": "quarantined",
    "tie": "match, assign",
}
"""Words that name nothing any more, in code and tests, with what is said instead."""

PHRASES = (
    "inbound door",
    "is set aside",
    "sets it aside",
    "tied by hand",
    "SMTP door",
    "take in the audience",
    "becomes unsure",
    "is unsure",
)
"""As REPLACED, in code, pages and documentation."""

# fmt: off
UNUSED = frozenset({
    "read_once",            # one look at a mailbox, for tests that must not follow it
    "strip_own_headers", "read_switches",  # the library's
    "build_displayed",      # the library's: every kind of returned mail can be made as well as read
    "build_unsubscribe",    # as build_displayed
    "list_quarantined",     # what tests and a person at a Python prompt look at
    "mint_copy",            # the short way to a copy's tokens, for tests
    "https_open", "http_open",  # urllib calls these
    "emit",                 # logging calls it
    "capture_signals",      # uvicorn, click, asyncio, httptools, the HTML parser and aiosmtpd call these
    "list_commands", "get_command", "format_commands", "parse_args", "get_help", "eof_received",
    "on_url", "on_header", "handle_starttag",
    "handle_exception", "smtp_AUTH", "smtp_BDAT", "smtp_DATA", "smtp_EHLO", "smtp_MAIL", "smtp_RCPT",
})
# fmt: on
"""Public definitions that nothing in src uses, with the reason. May only shrink."""

_PASSIVE = frozenset({"property", "cached_property", "staticmethod", "classmethod", "contextmanager", "cache"})
"""Decorators that register their function nowhere."""


@cache
def _trees() -> dict[Path, ast.Module]:
    found = (path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)
    return {path: ast.parse(path.read_text()) for path in found}


def test_words_that_were_replaced_name_nothing() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name} (say: {REPLACED[word]})"
        for path in (*_trees(), *TESTS.rglob("*.py"))
        if path.name != "test_old_words.py" and "upgrade" not in path.parts  # older versions' own words
        for name in _names_in(path)
        for word in _words_of(name) & REPLACED.keys()
    }
    assert found == set()


def test_files_are_named_in_the_fields_words() -> None:
    named = [path for path in (*SOURCE.rglob("*"), *TESTS.rglob("*.py")) if "__pycache__" not in path.parts]
    found = [str(path.relative_to(ROOT)) for path in named if _words_of(path.stem) & REPLACED.keys()]
    assert found == []


def test_phrases_that_were_replaced_are_nowhere() -> None:
    pages = (*_trees(), *SOURCE.rglob("*.html"), *(ROOT / "docs").rglob("*.md"))
    found = [f"{path.relative_to(ROOT)}: {one}" for path in pages for one in PHRASES if one in path.read_text()]
    assert found == []


def test_no_public_definition_is_dead() -> None:
    used = Counter(chain.from_iterable(map(_used_in, _trees().values())))
    pages = {word for page in SOURCE.rglob("*.html") for word in re.findall(r"\w+", page.read_text())}
    dead = {name for tree in _trees().values() for name in _defined_in(tree) if not used[name] and name not in pages}
    assert dead - UNUSED == set(), "delete these, or say why they stay"
    assert UNUSED - dead == set(), "take these off the list"


def _names_in(path: Path) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def _words_of(name: str) -> set[str]:
    parts = {part.lower() for part in re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name)}
    return set() if name.startswith("test_") else parts | {part.removesuffix("s") for part in parts}


def _used_in(tree: ast.Module) -> Iterator[str]:
    """Names that are read, and texts that may stand for one (`getattr`, a table of commands); imports do not count."""
    exports = {
        id(one)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for one in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exports:
            yield from re.findall(r"\w+", node.value) if re.fullmatch(r"[\w\[\], .|]{1,60}", node.value) else ()


def _defined_in(tree: ast.Module) -> Iterator[str]:
    """Public functions, classes, constants and methods that nothing registers where it is defined."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (one.id for one in targets if isinstance(one, ast.Name) and not one.id.startswith("_"))
        elif isinstance(node, ast.ClassDef):
            yield from () if node.name.startswith("_") else (node.name,)
            yield from filter(None, map(_own_name, node.body))
        elif name := _own_name(node):
            yield name


def _own_name(node: ast.stmt) -> str:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return ""
    decorators = {ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list}
    return node.name if decorators <= _PASSIVE else ""
