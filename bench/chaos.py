"""Random histories of kills, restores, lost and damaged files, full disks, clock jumps and database outages.

    python bench/chaos.py [--histories 100] [--rounds 3] [--seed 1] [--jobs 2] [--plain] [--no-result]

With real processes, beside a model. A history is rounds of work (mail and campaigns are accepted and sent, pixels are
answered, the clock is set, PostgreSQL goes away in a third of them), an end (`kill -9` or in order), and something that
happens to the data folder meanwhile. At the end everything that was promised is there once, or was
told to be missing. Full disks need root: a small file system is mounted for every third history.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from result import table, write

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from chaos.history import Driver, Verdict  # noqa: E402 - the path above

_SMALL = "32m"


@contextlib.contextmanager
def folder(*, small: bool) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        data.mkdir()
        if small:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SMALL}", "tmpfs", data], check=True)
        try:
            yield Path(name)
        finally:
            if small:
                subprocess.run(["umount", data], check=True)


def one(seed: int, rounds: int, small: bool, plain: bool) -> Verdict:
    with folder(small=small) as path:
        driver = Driver(path, seed, small_disk=small, plain=plain)
        try:
            return driver.run(rounds)
        except AssertionError as error:
            driver.verdict.wrong.append(str(error))
            return driver.verdict


def repeat(seed: int, rounds: int, small: bool, plain: bool) -> str:
    """The command that does one history again."""
    more = (" --small-disk" if small else "") + (" --plain" if plain else "")
    return f"python bench/chaos.py --histories 1 --seed {seed} --rounds {rounds}{more} --no-result"


def kind(step: str) -> str:
    """`damaged journal/mail/0000002.journal (bit at 3 of 9)` -> `damaged segment`."""
    words = step.split()
    if step.startswith("a folder for "):
        return f"a folder for {kind(f'lost {words[3]}').removeprefix('lost ')}"
    if words[0] in {"lost", "damaged", "emptied"}:
        path = words[1]
        last = path.rsplit("/", 1)[-1]
        what = {".journal": "segment", ".eml": "stored mail"}.get(Path(last).suffix, last)
        if path.startswith("journal/") and "." not in last and last != "mark":
            what = "a writer's folder"
        return f"{words[0]} {what}"
    if words[:3] == ["the", "clock", "is"]:
        return "the clock is set"
    if words[:2] == ["campaign", "to"]:
        return "campaign"
    return " ".join(words[:3]) if words[:2] == ["put", "back"] else step


def command(options: argparse.Namespace) -> str:
    plain = " --plain" if options.plain else ""
    return (
        f"python bench/chaos.py --histories {options.histories} --rounds {options.rounds} --seed {options.seed}{plain}"
    )


def report(verdicts: list[Verdict], seconds: float, options: argparse.Namespace) -> str:
    happened = Counter(kind(step) for verdict in verdicts for step in verdict.steps)
    rows = [
        ["mail accepted", sum(one.accepted for one in verdicts)],
        ["hits answered", sum(one.answered for one in verdicts)],
        ["mail missing, told", sum(one.mail_missing for one in verdicts)],
        ["hits missing, told", sum(one.hits_missing for one in verdicts)],
        ["mail sent twice without being asked", sum(one.mail_twice for one in verdicts)],
        ["mail sent twice after `resume-sending`", sum(one.mail_twice_after_asking for one in verdicts)],
        ["hits counted twice", sum(one.hits_twice for one in verdicts)],
        ["histories in which anything was told", sum(bool(one.told) for one in verdicts)],
        ["histories that are not as promised", sum(bool(one.wrong) for one in verdicts)],
    ]
    wrong = "".join(f"\n- seed {one.seed}: {one.wrong} after {one.steps}" for one in verdicts if one.wrong)
    return (
        f"{len(verdicts)} histories of {options.rounds} rounds, {seconds / 60:.0f} min, {options.jobs} at a time.\n\n"
        + table(["", ""], [[str(cell) for cell in row] for row in rows])
        + "\n\nWhat happened:\n\n"
        + table(["what", "times"], [[name, str(number)] for name, number in sorted(happened.items())])
        + (f"\n\nNot as promised:\n{wrong}" if wrong else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--plain", action="store_true", help="no campaigns, clock jumps and PostgreSQL")
    parser.add_argument("--small-disk", action="store_true", help="every history on a small disk, not every third")
    parser.add_argument("--no-result", action="store_true", help="do not write bench/results/chaos.md")
    options = parser.parse_args()
    began, verdicts = time.monotonic(), []
    root = os.geteuid() == 0
    tasks = [
        (options.seed + number, options.rounds, (number % 3 == 2 or options.small_disk) and root, options.plain)
        for number in range(options.histories)
    ]
    with ProcessPoolExecutor(options.jobs) as jobs:
        for task, verdict in zip(tasks, jobs.map(one, *zip(*tasks, strict=True)), strict=True):
            verdicts.append(verdict)
            print(verdict.seed, "WRONG" if verdict.wrong else "ok", verdict.steps, *verdict.wrong, flush=True)
            if verdict.wrong:
                print("  again:", repeat(*task), flush=True)
    text = report(verdicts, time.monotonic() - began, options)
    if options.no_result:
        print(text)
    else:
        write("chaos", "Random histories beside a model", command(options), text)
    sys.exit(any(verdict.wrong for verdict in verdicts))


if __name__ == "__main__":
    main()
