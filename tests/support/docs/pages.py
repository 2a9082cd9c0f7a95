"""Pages of the documentation, their code blocks and the names they use."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
_CODE = re.compile(r"`([^`\n]+)`")
NOT_RUN = "not run: "
"""After the language of a block that cannot run; the reason follows."""


class Block(NamedTuple):
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    reason: str
    """Why it does not run; empty: it runs."""
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page but the decisions, which speak of their own time, and the changelog."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
    return sorted(page for page in found if "decisions" not in page.parts and page.name != "CHANGELOG.md")


def blocks(page: Path) -> list[Block]:
    """The page's fenced blocks in order, without the indentation of the list they stand in."""
    found, info, start, indent = [], "", 0, ""
    lines: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = _FENCE.match(line)
        if fence and start == 0:
            info, start, indent, lines = fence["info"].strip(), number, fence["indent"], []
        elif fence:
            language, _, rest = info.partition(" ")
            reason = rest.removeprefix(NOT_RUN) if rest.startswith(NOT_RUN) else ""
            found.append(Block(page, start, language, reason, "\n".join(lines) + "\n"))
            start = 0
        elif start:
            lines.append(line.removeprefix(indent))
    assert start == 0, f"{page}:{start}: the block has no end"
    return found


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line outside fenced blocks."""
    inside = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def code_words(page: Path) -> list[tuple[str, str]]:
    """Place and text of what stands in single backticks, and of every line of the shell blocks, run or not."""
    named = [(f"{page.name}:{number}", code) for number, line in prose(page) for code in _CODE.findall(line)]
    for block in blocks(page):
        if block.language == "sh":
            joined = block.text.replace("\\\n", " ")
            named += [(block.place, line.partition(" #")[0].strip()) for line in joined.splitlines()]
    return named
