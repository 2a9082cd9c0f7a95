"""How many copies a `kill -9` leaves indeterminate, and how many of these never left (`python bench/kill_sending.py`).

`postlude up` with 8 connections to a server that records every recipient it got a whole message for; killed with all
its processes in the middle of campaigns and of single mails, and started again. The recovery itself says what is
indeterminate; the server says what left.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from result import table, write

from postlude.store import open_store

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from chaos.kill_sending import CONNECTIONS, MOST, Kills, kill_a_campaign, kill_single_mails
from servers.counting import Counting
from servers.postlude import Postlude
from servers.waiting import LOOPBACK

SHARE = 0.2


def killed(kind: str, delay: float, rounds: int, copies: int, chance: random.Random) -> Kills:
    with tempfile.TemporaryDirectory() as folder, Counting(delay=delay) as server:
        settings: dict[str, Any] = {
            "smtp_host": LOOPBACK,
            "smtp_port": server.port,
            "smtp_tls": "none",
            "log_level": "error",
        }
        running = Postlude(Path(folder), **settings, smtp_connections=CONNECTIONS)
        running.start()
        try:
            if kind == "campaign":
                return kill_a_campaign(running, server, copies, rounds, chance)
            store = open_store(f"sqlite:///{running.data / 'state.sqlite'}")
            try:
                return kill_single_mails(running, store, server, rounds, chance)
            finally:
                store.close()
        finally:
            running.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="kills of each kind")
    parser.add_argument("--copies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-result", action="store_true", help="do not write bench/results/kill_sending.md")
    options = parser.parse_args()
    began, rows, bad = time.monotonic(), [], False
    unknown = never = 0
    for kind in ("campaign", "single mails"):
        for delay in (0.0, 0.005, 0.05):
            kills = killed(kind, delay, options.rounds, options.copies, random.Random(options.seed))
            print(kind, delay, kills, kills.lost[:5], kills.twice[:5], flush=True)
            unknown, never = unknown + kills.unknown, never + kills.never_left
            most = max(kills.indeterminate)
            bad = bad or bool(kills.twice or kills.lost) or most > MOST
            rows.append(
                [
                    kind,
                    f"{delay * 1000:.0f} ms",
                    str(len(kills.indeterminate)),
                    str(kills.unknown),
                    str(most),
                    str(kills.never_left),
                    str(len(kills.twice)),
                    str(len(kills.lost)),
                ]
            )
    heads = ["what leaves", "server answers after", "kills", "indeterminate", "most a kill", "of these never left"]
    share = never / unknown if unknown else 0.0
    text = (
        f"{CONNECTIONS} connections, {options.rounds} kills a row, {(time.monotonic() - began) / 60:.0f} min. Allowed: "
        f"{MOST} a kill, {SHARE:.0%} of them never left, none twice, none lost.\n\n"
        + table([*heads, "sent twice", "lost"], rows)
        + f"\n\nNever left: {never} of {unknown}, {share:.0%}."
    )
    if options.no_result:
        print(text)
    else:
        command = (
            f"python bench/kill_sending.py --rounds {options.rounds} --copies {options.copies} --seed {options.seed}"
        )
        write("kill_sending", "What a kill leaves of mail on its way", command, text)
    sys.exit(bad or share >= SHARE)


if __name__ == "__main__":
    main()
