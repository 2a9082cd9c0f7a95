"""The digest: durable events from the edge into the history, with and without projections, all on the same cores.

    python bench/digest.py [--seconds 8] [--rounds 3] [--postgresql URL] [--no-result]

wrk asks the real edge for pixels and links (5:1) with 20,000 tokens and 60 user agents; the edge answers when a hit is
on disk; the digest reads the journal meanwhile. A round's rate is what was in the history when the load ended: what
it had not taken yet does not count. 256 connections ask again as soon as they are answered.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from edge_serve import CODEC
from result import table, write

from postlude.kit.clock import SystemClock
from postlude.model.words import CopyStatus, SendOutcome, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Submission, open_store
from postlude.tokens import Kind, Urls

HERE = Path(__file__).parent
MESSAGE, COPIES, PORT, CONNECTIONS = 4711, 20_000, 18090, 256
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Thunderbird/{}.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.{} (KHTML, like Gecko)",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy) {}",
)
LUA = """
local paths, agents = {{}}, {{}}
for line in io.lines("{folder}/paths") do paths[#paths + 1] = line end
for line in io.lines("{folder}/agents") do agents[#agents + 1] = line end
local requests, n = {{}}, 0
init = function(args)
  for i, path in ipairs(paths) do
    requests[i] = wrk.format("GET", path, {{["User-Agent"] = agents[i % #agents + 1], ["Accept-Language"] = "en,de"}})
  end
end
request = function() n = n % #requests + 1; return requests[n] end
"""


def prepare(folder, url):
    """Copies that were sent, and the requests their recipients make."""
    chance = random.Random(7)
    ids = [chance.getrandbits(62) | 1 for _ in range(COPIES)]
    now = SystemClock().now()
    message = Message(
        id=MESSAGE, user=1, message_id="m@x", subject="Autumn", sender="a@x.example", mail_from="", via=Via.CLI,
        created_at=now,
    )  # fmt: skip
    copies = tuple(Copy(one, MESSAGE, f"r{one}@x.example", CopyStatus.QUEUED) for one in ids)
    sent = [AttemptResult(one, SendOutcome.ACCEPTED, now - 3_600_000_000, 1, message=MESSAGE) for one in ids]
    store = open_store(url)
    store.digest.apply(Batch(submissions=[Submission(message, (), copies)], attempts=sent))
    store.close()
    urls = Urls(CODEC, "", Kind.MESSAGE, MESSAGE)
    paths = []
    for one in ids:
        token = urls.token(one)
        place = chance.randrange(6)
        paths.append(
            token.join(urls.link(place, f"https://shop.example/{place}")) if place == 5 else token.join(urls.pixel())
        )
    chance.shuffle(paths)
    (folder / "paths").write_text("\n".join(paths))
    (folder / "agents").write_text("\n".join(form.format(n, n) for form in AGENTS for n in range(120, 135)))


def measure(folder, url, *, seconds):
    """One round: the rate of events that could be queried when the load ended, and how long they took."""
    serve = [sys.executable, str(HERE / "edge_serve.py"), str(PORT), str(folder / "journal")]
    edge = subprocess.Popen(serve, cwd=HERE)
    digest = subprocess.Popen(
        [sys.executable, str(HERE / "digest_serve.py"), str(folder), url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{PORT}/healthz")
        script = folder / "load.lua"
        script.write_text(LUA.format(folder=folder))
        load(script, 2)  # warm: what is known by heart, prepared segments
        settle(digest)
        before, began, cpu = ask(digest), time.perf_counter(), cpus(edge, digest)
        text = load(script, seconds)
        after, wall = ask(digest), time.perf_counter() - began
        requests = int(re.search(r"(\d+) requests in", text)[1])
        rest = settle(digest)
        spent = [b - a for a, b in zip(cpu, cpus(edge, digest), strict=True)]
        if (
            not 0 <= rest["events"] - before["events"] - requests <= CONNECTIONS
        ):  # asked, and not counted by wrk any more
            print(f"{requests} answered, {rest['events'] - before['events']} in the history", file=sys.stderr)
        return {
            "offered": requests / wall,
            "rate": (after["events"] - before["events"]) / wall,
            "p50": after.get("p50", 0.0),
            "p99": after.get("p99", 0.0),
            "edge": spent[0] / requests * 1e6,
            "digest": spent[1] / requests * 1e6,
            "load": spent[2] / requests * 1e6,
        }
    finally:
        digest.stdin.close()
        digest.wait()
        edge.terminate()
        edge.wait()


def cpus(*processes):
    """Seconds of processor time of each, and of all children that ended (the load)."""
    spent = []
    for process in processes:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        spent.append((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
    times = os.times()
    return [*spent, times.children_user + times.children_system]


def load(script, seconds):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", str(script), f"http://127.0.0.1:{PORT}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def ask(digest):
    digest.stdin.write("\n")
    digest.stdin.flush()
    return json.loads(digest.stdout.readline())


def settle(digest):
    """Until the digest has taken everything."""
    last = -1
    while (now := ask(digest))["events"] != last:
        last = now["events"]
        time.sleep(0.7)
    return now


def wait_for(url):
    for _ in range(200):
        try:
            return urllib.request.urlopen(url, timeout=1).read()
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


def row(name, runs, floor):
    mid = {key: median(run[key] for run in runs) for key in runs[0]}
    cpu = f"{mid['edge']:.1f} + {mid['digest']:.1f} + {mid['load']:.1f}"
    room = os.cpu_count() * 1e6 / (mid["edge"] + mid["digest"] + mid["load"])
    figures = [f"{mid['offered']:,.0f}", f"{mid['rate']:,.0f}", f"{mid['p50']:.0f}", f"{mid['p99']:.0f}"]
    return [name, *figures, cpu, f"{room:,.0f}", floor]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgresql", default="", help="URL of an empty database, to measure that too")
    parser.add_argument("--what", nargs="+", default=["history", "projections"])
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    floors = {"history": "50,000/s, p99 250 ms", "projections": "15,000/s (aim 30,000)", "postgresql": ""}
    wanted = [*options.what, *(["postgresql"] if options.postgresql else [])]
    runs = {name: [] for name in wanted}
    for _ in range(options.rounds):
        for name in wanted:
            folder = Path(tempfile.mkdtemp(prefix="digest-", dir=HERE))
            try:
                url = options.postgresql if name == "postgresql" else f"sqlite:///{folder}/state.sqlite"
                prepare(folder, url)
                where = f"alone:{url}" if name == "history" else url
                runs[name].append(measure(folder, where, seconds=options.seconds))
                print(
                    name,
                    {key: round(value) for key, value in runs[name][-1].items()},
                    os.getloadavg()[0],
                    file=sys.stderr,
                )
            finally:
                shutil.rmtree(folder)
    heads = [
        "what",
        "hits/s answered durable",
        "events/s in the history",
        "queryable p50 ms",
        "p99 ms",
        "CPU us an event: edge + digest + load",
        "events/s these cores have room for",
        "floor",
    ]
    names = {"history": "history alone", "projections": "history and SQLite", "postgresql": "history and PostgreSQL"}
    text = (
        f"Edge, load (wrk) and digest share {os.cpu_count()} cores; medians of {options.rounds} rounds of "
        f"{options.seconds} s; load average at the end {os.getloadavg()[0]:.1f}. The last but one column is what the "
        "measured processor times allow for.\n\n"
        + table(heads, [row(names[name], runs[name], floors[name]) for name in wanted])
    )
    if options.no_result:
        print(text)
    else:
        write("digest", "The digest", f"make bench-digest (python {' '.join(sys.argv)})", text)


if __name__ == "__main__":
    main()
