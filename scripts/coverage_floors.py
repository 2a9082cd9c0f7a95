"""Compares what the tests covered (lines and branches, in .coverage) with pyproject.toml's floors, which only rise."""

import io
import sys
import tomllib
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "postlude"
GROUPS = {
    "library": ("model", "kit", "mail", "tokens", "instrument", "classify", "feedback", "compose", "dkim"),
    "services_and_store": ("services", "store"),
    "all": ("",),
}


def main() -> int:
    floors = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage-floors"]
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    fallen = False
    for group, folders in GROUPS.items():
        files = [str(path) for folder in folders for path in (PACKAGE / folder).rglob("*.py")]
        percent = measured.report(include=files, file=io.StringIO())
        floor = floors[group]
        fallen |= percent < floor
        advice = "below the floor" if percent < floor else "raise the floor" if percent >= floor + 1 else "held"
        print(f"coverage of {group}: {percent:.1f} %, floor {floor} %: {advice}")
    return int(fallen)


if __name__ == "__main__":
    sys.exit(main())
