import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

import pytest

from postlude.model import words

ROOT = Path(__file__).resolve().parents[2]


def test_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("enum", [words.EventKind, words.Verdict, words.CopyStatus, words.SendOutcome])
def test_every_word_is_explained(enum: type[words.EventKind]) -> None:
    page = (ROOT / "docs" / "reference" / "words.md").read_text()
    for member in enum:
        assert re.search(rf"^\| `{member.value}` \| \S.{{10,}}", page, re.MULTILINE), f"{member.value} is not explained"


@pytest.mark.parametrize(
    "enum", [one for one in vars(words).values() if isinstance(one, type) and issubclass(one, StrEnum)]
)
def test_every_word_is_named(enum: type[StrEnum]) -> None:
    page = (ROOT / "docs" / "reference" / "words.md").read_text()
    assert [member.value for member in enum if member.value and f"`{member.value}`" not in page] == []


def test_every_relative_link_in_the_docs_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_the_project_names_no_package_registry() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.split(b"\0")
    hosts = re.compile(rb"(pypi|pythonhosted|npmjs)\.(org|com)")
    for name in filter(None, tracked):
        path = ROOT / name.decode()
        if path.is_file():
            assert not hosts.search(path.read_bytes()), f"{name.decode()} names a package registry's host"
