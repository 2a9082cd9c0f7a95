"""What the documentation names exists, and each of its blocks runs (tests/e2e/test_docs.py) or says why it cannot."""

import re
import shlex
from collections import Counter

import click
import pytest

from postlude.cli.main import cli
from postlude.config import PREFIX, table
from support.docs.pages import ROOT, blocks, code_words, pages, prose
from support.docs.runners import RUNNERS

NOT_RUN = {
    "RELEASING.md": 1,
    "docs/dev/architecture.md": 3,
    "docs/howto/run-with-systemd.md": 1,
}
"""Blocks that say why they cannot run. May only shrink."""

BEYOND_THE_TABLE = {"CONFIG"}
"""Variables that are read before the table of settings."""


def test_every_block_names_a_language_that_runs_or_says_why_it_cannot() -> None:
    wrong = [
        block.place for page in pages() for block in blocks(page) if not block.reason and block.language not in RUNNERS
    ]
    assert not wrong, f"name one of {', '.join(RUNNERS)}, or add `not run: REASON`: {wrong}"


def test_few_blocks_cannot_run() -> None:
    found = Counter(page.relative_to(ROOT).as_posix() for page in pages() for block in blocks(page) if block.reason)
    assert dict(found) == NOT_RUN


def test_no_block_is_made_by_indentation() -> None:
    wrong = []
    for page in pages():
        before = ""
        for number, line in prose(page):
            if line.startswith("    ") and not before and not line.lstrip().startswith(("-", "*")):
                wrong.append(f"{page.relative_to(ROOT)}:{number}")
            before = line
    assert not wrong, f"fence these with a language: {wrong}"


def test_every_command_in_the_docs_exists() -> None:
    wrong = []
    for page in pages():
        for place, code in code_words(page):
            found = re.match(r"(?:\w+=\S+ )*(?:\S*/)?postlude (.*)", code)
            reported = _unknown(found[1]) if found else ""
            if reported:
                wrong.append(f"{place}: `{code}`: {reported}")
    assert wrong == []


@pytest.mark.parametrize("written", ["campaigns no-such-command", "lists add News --no-such-option", "no-such"])
def test_a_command_that_does_not_exist_is_noticed(written: str) -> None:
    assert _unknown(written)


def test_every_setting_in_the_docs_exists() -> None:
    known = {name.upper() for name in table()} | BEYOND_THE_TABLE
    wrong = [
        f"{page.relative_to(ROOT)}:{number}: {PREFIX}{name}"
        for page in pages()
        for number, line in enumerate(page.read_text().splitlines(), 1)
        for name in re.findall(rf"\b{PREFIX}([A-Z0-9_]*[A-Z0-9])(?![A-Z0-9_*])", line)
        if not {name, name.removesuffix("_FILE")} & known
    ]
    assert wrong == []


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (place, found[1])
        for page in pages()
        for place, code in code_words(page)
        if (found := re.match(r"(?:\w+=\S+ )*make ([a-z][a-z-]*)", code))
    }
    assert {one for one in named if one[1] not in targets} == set()


def test_every_module_the_developers_pages_name_exists() -> None:
    homes = (ROOT, ROOT / "src" / "postlude", ROOT / "tests")
    wrong = [
        f"{place}: {code}"
        for page in pages()
        if "dev" in page.parts
        for place, code in code_words(page)
        if re.fullmatch(r"[a-z_]+(/[a-z_]+)*/([a-z_]+\.(py|md|toml))?", code)
        and not any((home / code).exists() for home in homes)
    ]
    assert wrong == []


def _unknown(written: str) -> str:
    """The first word that neither the command tree nor its options know; empty when all are known."""
    try:
        words = shlex.split(written)
    except ValueError:
        words = written.split()
    command: click.Command = cli
    context = click.Context(cli, info_name="postlude")
    for word in words:
        name = word.split("=")[0].split("|")[0]
        if name.startswith("-") and len(name) > 1 and name != "--" and command.name != "sendmail":
            known = {form for one in command.get_params(context) for form in (*one.opts, *one.secondary_opts)}
            if name not in known:
                return f"{context.command_path} has no option {name}"
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][\w|-]*", word):
            child = command.get_command(context, name)
            if child is None:
                return f"there is no {context.command_path} {name}"
            command, context = child, click.Context(child, info_name=name, parent=context)
    return ""
