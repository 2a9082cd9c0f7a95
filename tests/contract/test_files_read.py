"""Files of the data folder are opened where only files are: a pipe in its place would hold a process for ever."""

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "postlude"
ALLOWED = {
    "app/demo/": "written for a person",
    "app/processes/edge.py": "files that the settings name",
    "cli/": "files that a person names",
    "classify/network_lists.py": "part of the program",
    "config/": "files that the settings name",
    "edge/pages/language.py": "part of the program",
    "feedback/": "part of the program",
    "journal/disk.py": "makes new ones",
    "journal/taken.py": "makes a new one; the system's own",
    "kit/": "the one place",
    "services/contacts/": "an upload, which has a new name",
    "services/privacy/": "uploads, which have new names",
    "services/reports/table_files.py": "made new",
    "web/contacts/imports.py": "made new",
    "journal/lost.py": "never waits",
    "services/setup_checks.py": "not a path",
    "adapters/link_probe.py": "not a path",
    "adapters/certificates.py": "a file that the settings name",
}


def opened(tree: ast.AST) -> list[int]:
    """Lines of calls that open or read a file by its path."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Attribute) and node.func.attr in {"read_bytes", "read_text", "open"})
            or (isinstance(node.func, ast.Name) and node.func.id == "open")
        )
    ]


def test_files_are_opened_in_one_place() -> None:
    found = [
        f"{name}:{line}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not (name := path.relative_to(SOURCE).as_posix()).startswith(tuple(ALLOWED))
        for line in opened(ast.parse(path.read_bytes()))
    ]
    assert not found, "use read_file or open_regular of postlude.kit.regular_file"


def test_what_opens_a_file_is_found() -> None:
    assert opened(ast.parse("path.read_bytes()\nopen('a')\nos.open('a', 0)")) == [1, 2, 3]
