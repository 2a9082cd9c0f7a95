"""Every file of a data folder x everything that can have become of it (`python bench/damage.py`).

One instance is used and killed in the middle of its work. For each file and folder of it, and each way in which it can
be damaged, a copy is started again, works, and is compared with a model: what was promised is there once, or somebody
was told. What refuses to start, or waits, names the file; it is made readable, or repaired as `postlude doctor` says.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from result import table, write

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from chaos.history import Verdict
from chaos.matrix import DAMAGES, Case, Instance

_made: list[Instance] = []
"""Made before the processes that copy it are."""


def suffer(case: Case, folder: str) -> Verdict:
    """In a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as mine:
        return _made[0].suffer(Path(mine), case)


def outcome(verdict: Verdict) -> str:
    """One word for the table."""
    if verdict.wrong:
        return "WRONG"
    if not verdict.steps:
        return "-"
    if verdict.mail_missing or verdict.hits_missing:
        return f"told, {verdict.mail_missing + verdict.hits_missing} lost"
    return "told" if verdict.told else "mended"


def report(found: dict[Case, Verdict], options: argparse.Namespace, seconds: float) -> str:
    paths = list(dict.fromkeys(case.path for case in found))
    rows = [
        [f"`{path}`", *(outcome(found[case]) if (case := Case(path, name)) in found else "" for name in DAMAGES)]
        for path in paths
    ]
    verdicts = found.values()
    wrong = "".join(f"\n- {case}: {one.wrong}" for case, one in found.items() if one.wrong)
    return (
        f"{len(found)} cases, {seconds / 60:.0f} min, {options.jobs} at a time. "
        f"{sum(one.mail_twice for one in verdicts)} mails twice without being asked, "
        f"{sum(one.hits_twice for one in verdicts)} hits twice, {sum(bool(one.wrong) for one in verdicts)} cases not "
        "as promised.\n\n`told`: an incident, `postlude doctor`, or a start that is refused with the file's name."
        "`mended`: it is made again from what else is there, and nothing is missing. `-`: it changes nothing.\n\n"
        + table(["", *DAMAGES], rows)
        + (f"\n\nNot as promised:\n{wrong}" if wrong else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="cases with this in `PATH: DAMAGE`")
    parser.add_argument("--no-result", action="store_true", help="do not write bench/results/damage.md")
    options = parser.parse_args()
    began, found = time.monotonic(), {}
    with tempfile.TemporaryDirectory() as name:
        _made.append(Instance(Path(name), options.seed))
        cases = [case for case in _made[0].cases() if options.only in str(case)]
        with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("fork")) as jobs:
            for case, verdict in zip(cases, jobs.map(suffer, cases, [name] * len(cases)), strict=True):
                found[case] = verdict
                print(case, "->", outcome(verdict), *verdict.steps[1:], *verdict.wrong, flush=True)
    print(Counter(outcome(one).partition(",")[0] for one in found.values()))
    text = report(found, options, time.monotonic() - began)
    if options.no_result:
        print(text)
    else:
        write("damage", "Every file, and what can become of it", f"python bench/damage.py --seed {options.seed}", text)
    sys.exit(any(verdict.wrong for verdict in found.values()))


if __name__ == "__main__":
    main()
