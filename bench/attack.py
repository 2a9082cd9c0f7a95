"""Every class of attempt against a running instance, and a stranger who holds 1,000 connections and sends all the time.

`python bench/attack.py` runs it all in a few minutes and writes `results/attack.md`; `--seconds` is how long the
stranger stays. Attackers come from 127.0.0.2 to 127.0.0.33, everybody else from 127.0.0.1; all share this machine.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from result import table, write

from attacks.attempts import ATTEMPTS, Attempt, load
from attacks.findings import FINDINGS
from attacks.siege import Siege
from attacks.target import Target


def one(target: Target, attempt: Attempt) -> list[str]:
    """A row: who, what, how it went."""
    began = time.monotonic()
    try:
        reported, held = attempt.run(target), "held"
        target.check_serves()
    except Exception as error:  # noqa: BLE001 - whatever it is, the table says it
        traceback.print_exc()
        reported, held = f"{type(error).__name__}: {error}"[:300], "**did not hold**"
    row = [
        attempt.who,
        attempt.name,
        held,
        reported.replace("|", "\\|").replace("\n", " "),
        f"{time.monotonic() - began:.0f}",
    ]
    print(" | ".join(row), flush=True)
    return row


def found(rows: list[list[str]]) -> list[list[str]]:
    """Rows of what was found once: its key, what it was, whether every attempt at it failed, and which those are."""
    held = {row[1]: row[2] == "held" for row in rows}
    return [
        [key, name, "held" if all(held.get(each, True) for each in tried) else "**did not hold**", ", ".join(tried)]
        for key, (name, tried) in FINDINGS.items()
        if held.keys() & set(tried)
    ]


def main() -> None:
    load()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="how long the stranger stays, and the measure before"
    )
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="small numbers")
    parser.add_argument("--only", default="", help="attempts whose name holds this")
    parser.add_argument("--no-siege", action="store_true")
    parser.add_argument("--write", action="store_true", help="keep the table as results/attack.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with Target(Path(folder), seed=given.seed, full=not given.short) as target:
            rows = [one(target, attempt) for attempt in ATTEMPTS if given.only in attempt.name]
            slowest = target.slowest_s
        siege: list[list[str]] = []
        if not given.no_siege:
            (Path(folder) / "siege").mkdir()
            with Target(Path(folder) / "siege", seed=given.seed, full=True) as target:
                measured = Siege(target, given.connections, given.seconds)
                measured.run()
                siege = measured.rows()
    text = table(["who", "attempt", "", "what was tried and seen", "s"], rows)
    text += f"\n\nEverybody else, asked after and during each, waited at most {slowest:.1f} s."
    text += "\n\n## What was found once\n\n" + table(["", "what", "", "tried by"], found(rows))
    if siege:
        text += f"\n\n## A stranger with {given.connections:,} connections for {given.seconds:.0f} s\n\n"
        text += table(["", "without", "with", "wanted", ""], siege)
    if given.write:
        command = f"make attack SECONDS={given.seconds:.0f}"
        write("attack", "Attempts on a running instance", command, text)
    else:
        print(text)
    sys.exit(any("**" in row[2] for row in rows) or any("**" in row[4] for row in siege))


if __name__ == "__main__":
    main()
