"""Where every benchmark puts what it measured: `results/NAME.md`, with machine, date and command beside the figures."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def machine() -> str:
    """Cores, processor, kernel and Python in one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, Python {platform.python_version()}"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)])


def write(name: str, title: str, command: str, text: str) -> None:
    """Print `text` (Markdown) and keep it as `results/NAME.md` under title, machine, date and command."""
    RESULTS.mkdir(exist_ok=True)
    head = f"# {title}\n\n{datetime.now(UTC):%Y-%m-%d}, {machine()}. Command: `{command}`\n\n"
    (RESULTS / f"{name}.md").write_text(head + text.rstrip("\n") + "\n")
    print(text)
