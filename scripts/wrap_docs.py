"""Wraps paragraphs of the documentation at 120 columns; `make fix` runs it.

A paragraph without a long line stays as it is. Headings, tables, code blocks and comments are never touched.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = 120
_ITEM = re.compile(r" *(?:[-*] |\d+\. )?")
_STARTS_ITEM = re.compile(r" *(?:[-*] |\d+\. )")
_ALONE = re.compile(r"\s*(?:$|\||#|<!--|!\[|>|```)|(?:Status|Date|Superseded): ")
_BEGINS_SOMETHING = re.compile(r"(?:[-+*#>|]|\d+[.)])$")
"""Words that must not begin a line: Markdown would read a list, a heading, a table."""


def wrap_page(text: str) -> str:
    """The page with every paragraph within COLUMNS, as far as its words allow."""
    lines: list[str] = []
    paragraph: list[str] = []
    code = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        if code or _ALONE.match(line):
            lines += _wrapped(paragraph)
            paragraph = []
            lines.append(line)
            code ^= fence
        elif _STARTS_ITEM.match(line):
            lines += _wrapped(paragraph)
            paragraph = [line]
        else:
            paragraph.append(line)
    return "\n".join(lines + _wrapped(paragraph))


def _wrapped(paragraph: list[str]) -> list[str]:
    if not paragraph or max(map(len, paragraph)) <= COLUMNS:
        return paragraph
    found = _ITEM.match(paragraph[0])
    assert found is not None
    start = found[0]
    words = " ".join([paragraph[0][len(start) :], *paragraph[1:]]).split()
    lines, current = [], start + words[0]
    for word in words[1:]:
        if len(current) + 1 + len(word) > COLUMNS and not _BEGINS_SOMETHING.match(word):
            lines.append(current)
            current = " " * len(start) + word
        else:
            current += f" {word}"
    return [*lines, current]


def main() -> None:
    named = subprocess.run(
        ["git", "ls-files", "-z", "--", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, named.split("\0")):
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if (wrapped := wrap_page(text)) != text:
            path.write_text(wrapped, encoding="utf-8")
            print(f"wrapped {name}")


if __name__ == "__main__":
    main()
