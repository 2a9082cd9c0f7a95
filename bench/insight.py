"""Content insight beside the truth: planted effects that are found, and effects that are none and are called sure.

    python bench/insight.py [--seeds 20] [--no-result]

Each seed draws messages of four groups of readers (`tests/support/content_world.py`): a hundred traits without any
effect, five with one that are more common among the keener readers, and a weekday; messages that are alike in all of it
differ by a normal distribution of 0.3 on log odds.
"""

import argparse
import math
import sys
import time
from pathlib import Path
from statistics import mean

from result import table, write

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from postlude.analytics.content_effects import effects_of
from support.content_world import PLANTED, draw_messages

SIZES = ((400, 5_000), (400, 300), (1_500, 5_000))
"""Messages, and copies of a typical one."""


def play(seeds, messages, copies):
    found = wrong = planted = 0
    held, seconds = [], []
    for seed in range(seeds):
        drawn = draw_messages(seed, messages=messages, copies=copies)
        begun = time.process_time()
        effects = effects_of(drawn).effects
        seconds.append(time.process_time() - begun)
        for one in effects:
            if one.kind not in {"nothing", "planted"}:
                continue
            truth = PLANTED[one.value] if one.kind == "planted" else 0.0
            planted += one.kind == "planted"
            if one.certainty != "little":
                held.append(math.log(one.low) <= truth <= math.log(one.high))
            if one.certainty == "sure":
                found += one.kind == "planted" and (one.odds > 1) == (truth > 0)
                wrong += one.kind == "nothing"
    return found, planted, wrong, held, seconds


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--seeds", type=int, default=20)
    wanted.add_argument("--no-result", action="store_true")
    options = wanted.parse_args()
    rows = []
    for messages, copies in SIZES:
        found, planted, wrong, held, seconds = play(options.seeds, messages, copies)
        rows.append(
            [
                f"{messages:,}",
                f"{copies:,}",
                f"{found} of {planted}",
                f"{wrong / options.seeds:.2f}",
                f"{100 * mean(held):.1f} %",
                f"{1e3 * mean(seconds):.0f}",
            ]
        )
    heads = [
        "messages",
        "copies",
        "planted found",
        "of 100 that are none, called sure",
        "95 % hold the truth",
        "ms CPU",
    ]
    text = table(heads, rows)
    print(text)
    if not options.no_result:
        about = (
            f"{options.seeds} seeds. Five planted effects of 0.3 to 0.5 on log odds. "
            "`Called sure` at 1 % false discoveries."
        )
        write("insight", "Which content people respond to", f"python {' '.join(sys.argv)}", f"{about}\n\n{text}")


if __name__ == "__main__":
    main()
