"""A mail that is handed in right after a restart, with millions of hits waiting to be digested: when does it leave?

    python bench/after_restart.py [--hits 1000000] [--rounds 6] [--edges 4] [--no-result]

Fills the journals of several edges with hits that nothing has digested (as `bench/backlog.py`), then again and again:
`postlude up` is started, a mail is handed in by SMTP as soon as the relay takes it, and a server on this machine says
when it arrived. Then every process is killed. Measured from the relay's 250 to the arrival, and from the start.
"""

import argparse
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from email import policy
from pathlib import Path
from signal import SIGKILL

import backlog
from result import table, write

from postlude.store import open_store

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from servers.commands import run
from servers.counting import Counting
from servers.example_mails import offer

ALLOWED_S = 2.0
SENDER = "owner@sender.test"


def start(folder: Path, sink: int) -> subprocess.Popen[bytes]:
    env = backlog.environment(folder) | {
        "POSTLUDE_SMTP_HOST": "127.0.0.1", "POSTLUDE_SMTP_PORT": str(sink), "POSTLUDE_SMTP_TLS": "none",
        "POSTLUDE_OWNER": SENDER, "POSTLUDE_LOG_LEVEL": "error",
        "POSTLUDE_RELAY_RECIPIENTS_PER_HOUR": "0", "POSTLUDE_RELAY_RECIPIENTS_PER_DAY": "0",
    }  # fmt: skip
    log = (folder / "log").open("ab")
    return subprocess.Popen([backlog.POSTLUDE, "up"], env=env, stdout=log, stderr=log, start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    children = " ".join(one.read_text() for one in Path(f"/proc/{process.pid}/task").glob("*/children"))
    family = [process.pid, *map(int, children.split())]
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, SIGKILL)
    process.wait()
    time.sleep(1)


def hand_in(number: int, login: tuple[str, str]) -> float:
    """When the relay took it."""
    until = time.monotonic() + 60
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", backlog.PORTS["relay"], timeout=10) as client:
                client.login(*login)
                to = [f"after{number}@customer.test"]
                client.sendmail(login[0], to, offer(login[0], to).as_bytes(policy=policy.SMTP))
                return time.monotonic()
        except (OSError, smtplib.SMTPException):
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def one_round(folder: Path, number: int, login: tuple[str, str]) -> tuple[float, float, float]:
    """Seconds from the 250 to the arrival, from the start to the 250, and what was digested by then."""
    with Counting() as sink:
        began = time.monotonic()
        process = start(folder, sink.port)
        try:
            taken = hand_in(number, login)
            while not sink.counts[f"after{number}@customer.test"]:
                if time.monotonic() > taken + 120:
                    raise SystemExit((folder / "log").read_text()[-3000:])
                time.sleep(0.002)
            arrived = time.monotonic()
        finally:
            kill(process)
    return arrived - taken, taken - began, backlog.digested(folder)


def app_password(folder: Path) -> tuple[str, str]:
    with closing(open_store(f"sqlite:///{folder}/data/state.sqlite")) as store:
        until = time.monotonic() + 60
        while (owner := store.accounts.first_user()) is None:
            assert time.monotonic() < until, "it does not start"
            time.sleep(0.1)
    reported = run("user", "password", owner.address, "--json", settings={"data": folder / "data"})
    if reported.code:
        raise SystemExit(reported.err)
    return owner.address, reported.json["password"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hits", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--edges", type=int, default=4, help="journals the hits are in")
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="after-restart-", dir=os.environ.get("BENCH_DIR")))
    rows, worst = [], 0.0
    try:
        backlog.prepare(folder, options.hits, [f"edge-{9 + n}" for n in range(options.edges)])
        login = app_password(folder)
        for number in range(options.rounds):
            late, up, digested = one_round(folder, number, login)
            worst = max(worst, late)
            waiting = f"{options.hits - digested:,}"
            rows.append([str(number + 1), waiting, f"{up:.2f} s", f"{late:.2f} s"])
            print(rows[-1], file=sys.stderr, flush=True)
        heads = ["restart", "hits waiting then", "from the start to the relay's 250", "from the 250 to its arrival"]
        text = (
            f"{options.hits:,} hits in the journals of {options.edges} edges; every process is killed between two "
            f"rounds. Allowed: {ALLOWED_S:.0f} s from the 250. Longest: {worst:.2f} s.\n\n" + table(heads, rows)
        )
        if options.no_result:
            print(text)
        else:
            counts = f"--hits {options.hits} --rounds {options.rounds} --edges {options.edges}"
            command = f"python bench/after_restart.py {counts}"
            write("after_restart", "A mail right after a restart, with hits waiting", command, text)
    finally:
        shutil.rmtree(folder)
    sys.exit(worst > ALLOWED_S)


if __name__ == "__main__":
    main()
