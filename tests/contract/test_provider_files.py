"""A provider is four files: its reader, its samples, how it signs, and its row in the page of what readers follow."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import postlude
from postlude.feedback.providers import PROVIDERS

ROOT = Path(__file__).parents[2]
ORDINARY_WORDS = frozenset({"resend", "ses"})
"""Names that mean something else as well: they cannot be counted."""
ALSO_SERVERS = frozenset({"mailgun", "postmark", "sendgrid"})
"""They are ways out and have switches too, and stand for all providers in tests: counted in the readers alone."""
GENERATED = frozenset({"docs/reference/settings.md", "docs/reference/providers.md"})
ODDITIES = frozenset({"tests/unit/feedback/test_providers.py", "tests/unit/feedback/test_provider_files.py"})
"""What calls held that no page of the provider shows, and who gives up at a 5xx."""
EXAMPLES = frozenset({"tests/attacks/recipients.py", "tests/integration/edge/test_hook.py"})
"""Tests of what every provider has in common, with some provider's name."""
IMAGINED = '''
"""Imagined Mail: a provider that does not exist."""

from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind
from postlude.feedback.providers.base import Provider, event, load_call, same


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    del body, now
    return same(secret, headers.get("x-imagined", ""))


def parse(body: bytes) -> list[Finding]:
    node = load_call(body)
    to, at = node["to"].text(), node["at"].text()
    return [event(FindingKind.BOUNCED, to, ids=(), at=at, event_id="1", way="imagined")]


PROVIDER: Final = Provider("imagined", "Imagined", verify, parse, key="its key", setup="Webhooks: the address")
'''
CALL = """
from postlude.feedback.providers import receive
call = receive("imagined", headers={"X-Imagined": "k"}, body=b'{"to": "a@x.example", "at": "2026-11-30T10:00:00Z"}',
               secret="k", now=1)
print(call.outcome, [finding.recipient for finding in call.findings])
"""


def naming(name: str) -> set[str]:
    """The files that name a provider."""
    pattern = re.compile(rf"\b{name}\b", re.IGNORECASE)
    folders = ("src", "tests", "docs", "scripts")
    paths = (
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in {".py", ".md", ".html"}
    )
    return {str(path.relative_to(ROOT)) for path in paths if pattern.search(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", sorted(set(PROVIDERS) - ORDINARY_WORDS - ALSO_SERVERS))
def test_no_other_file_knows_a_provider_by_name(name: str) -> None:
    own = {
        f"src/postlude/feedback/providers/{name}.py",
        f"tests/unit/feedback/documented/{name}.py",
        "docs/dev/provider-calls.md",
    }
    howto = {"docs/howto/receive-bounces-and-replies.md"}
    assert naming(name) - own - GENERATED - ODDITIES - EXAMPLES - howto == set()


@pytest.fixture(scope="module")
def with_imagined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with one file more."""
    source = tmp_path_factory.mktemp("imagined") / "src"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(postlude.__file__).parent, source / "postlude", ignore=ignored)
    (source / "postlude" / "feedback" / "providers" / "imagined.py").write_text(IMAGINED)
    return source


def ran(source: Path, *words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(source), "POSTLUDE_DATA": str(source.parent / "data")}
    done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_file_gives_a_provider_its_setting(with_imagined: Path) -> None:
    assert "POSTLUDE_IMAGINED_KEY" in ran(with_imagined, "-m", "postlude", "settings")


def test_one_file_gives_a_provider_its_address(with_imagined: Path) -> None:
    assert "calls wait until POSTLUDE_IMAGINED_KEY is set" in ran(with_imagined, "-m", "postlude", "feedback", "hooks")


def test_one_file_has_a_providers_calls_read(with_imagined: Path) -> None:
    assert ran(with_imagined, "-c", CALL).strip() == "read ['a@x.example']"
