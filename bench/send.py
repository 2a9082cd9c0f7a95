"""A campaign end to end: `postlude app` with one worker on SQLite, into Postfix's smtp-sink (`python bench/send.py`).

Measured from scheduling until the campaign is `sent`: every copy taken in, claimed, composed with its own fields and
tokens, signed, handed over, journaled, and its result in the state and the history.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from result import table, write

from postlude.app.build.common import build_parts
from postlude.app.build.sending import build_contents
from postlude.config import load
from postlude.dkim import new_key
from postlude.kit.ids import OrderedIds, new_id
from postlude.model.words import CampaignStatus, CopyStatus
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.store import Store, open_store
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Audience
from postlude.store.contacts.tables import contacts

HOST = "127.0.0.1"
SINK, WEB = 30125, 30180
FLOOR, AIM = {True: 700, False: 900}, {True: 1500, False: 2500}
MEMORY_MB = 250
LEVELS = (25, 50, 75, 100)
WHO = '{{ contact.first_name|default("friend") }}'
SENTENCE = "Fresh offers for friends of the garden: seeds, tools, books and a walk through the old orchard.\n"


def newsletter(kilobytes: int, links: int) -> str:
    """HTML as newsletters are: nested tables, inline styles, a link a block, three fields."""
    block = (
        '<table width="100%" cellpadding="0" cellspacing="0"><tr><td style="font-family:Arial,sans-serif;'
        'font-size:14px;line-height:21px;color:#333333;padding:10px 20px">\n<h2>Number {n}, {who}</h2>\n'
        '<p>{text}</p>\n<a href="https://shop.example.com/products/{n}?colour=green&amp;size={n}" '
        'style="color:#0066cc">See product {n}</a></td></tr></table>\n'
    )
    head = "<!doctype html><html><head><meta charset=utf-8><title>News</title></head><body>\n"
    foot = (
        "<p>You get this at {{ contact.email }} in {{ contact.city }}. "
        '<a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>\n'
    )
    room = (kilobytes * 1000 - len(head) - len(foot)) // links - len(block.format(n=10, text="", who=WHO))
    text = (SENTENCE * (room // len(SENTENCE) + 1))[:room]
    return (
        head + "".join(block.format(n=n, text=text, who=WHO if n % 15 == 0 else "reader") for n in range(links)) + foot
    )


def add_contacts(store: Store, count: int) -> None:
    ids = OrderedIds().take(time.time_ns() // 1000, count)
    rows = [
        {
            "id": id_,
            "address": f"person{n}@customer.example",
            "spelled": f"person{n}@customer.example",
            "name": f"Person {n}",
            "fields": {"first_name": f"Ada{n % 977}", "city": "Köln" if n % 3 else "Bonn"},
            "created_at": 1,
            "updated_at": 1,
        }
        for n, id_ in enumerate(ids)
    ]
    with store._database.write() as connection:  # noqa: SLF001 - contacts are not what is measured
        connection.execute(contacts.insert(), rows)


def memory_of(pid: int) -> tuple[float, float]:
    """Megabytes of one process: all of its pages (RSS), and its part of those it shares (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.partition(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:] if line.endswith("kB")}
    return sizes["Rss"], sizes["Pss"]


def processor_seconds(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    text = " ".join(thread.read_text() for thread in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(word) for word in text.split()]


class Memory(threading.Thread):
    """Looks at the app and its worker twice a second, from when both run."""

    def __init__(self, app: int) -> None:
        super().__init__(daemon=True)
        self.app, self.samples, self.cpu, self.going = app, [], {}, True

    def run(self) -> None:
        while self.going:
            try:
                pids = {"app": self.app, **dict(zip(["worker"], children_of(self.app), strict=False))}
                sizes = {name: memory_of(pid) for name, pid in pids.items()}
            except OSError:  # one has ended
                continue
            self.cpu.update({name: processor_seconds(pid) for name, pid in pids.items()})
            if "worker" in sizes:
                self.samples.append(sizes)
            time.sleep(0.5)

    def figures(self) -> dict[str, float]:
        """Peaks, and levels of the added-up RSS by the share of the time that was over: medians of 5 % of it."""
        rss, pss = ([sum(one[i] for one in sample.values()) for sample in self.samples] for i in (0, 1))
        near = max(1, len(rss) // 40)
        levels = {}
        for percent in LEVELS:
            middle = (len(rss) - 1) * percent // 100
            levels[f"rss {percent} %"] = statistics.median(rss[max(0, middle - near) : middle + near + 1])
        last = {f"rss {name}": size[0] for name, size in self.samples[-1].items()}
        return {"rss peak": max(rss), "pss peak": max(pss), **levels, **last}


def campaign(copies: int, *, signed: bool, kilobytes: int, links: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        settings = {
            "DATA": folder,
            "SMTP_HOST": HOST,
            "SMTP_PORT": str(SINK),
            "SMTP_TLS": "none",
            "WEB_PORT": str(WEB),
            "LOG_LEVEL": "warning",
        }
        os.environ.update({f"POSTLUDE_{name}": value for name, value in settings.items()})
        loaded = load()
        parts = build_parts(loaded)
        if signed:
            (parts.folder.dkim / "example.org").mkdir(parents=True)
            (parts.folder.dkim / "example.org" / "k1.pem").write_bytes(new_key("ed25519", "k1").pem())
        store = open_store(loaded.database)
        user = store.accounts.create_user("owner@example.org", created_at=1)
        store.accounts.set_senders(user.id, ("*",))
        add_contacts(store, copies)
        made = Campaign(
            id=new_id(), user=user.id, name="Bench", sender="News <news@example.org>", audience=Audience(everyone=True)
        )
        html = newsletter(kilobytes, links)
        subject = "News for {{ contact.first_name }}"
        store.campaigns.add(made, [Variant(campaign=made.id, message=new_id(), subject=subject, html=html)])
        app = subprocess.Popen([sys.executable, "-m", "postlude", "app"], stdout=subprocess.DEVNULL)
        time.sleep(3)
        memory = Memory(app.pid)
        memory.start()
        began = time.perf_counter()
        schedule_campaign(store, build_contents(parts, store), parts.clock, made.id)
        try:
            while store.campaigns.get(made.id).status is not CampaignStatus.SENT:
                if time.perf_counter() - began > copies / 50 + 60:
                    raise SystemExit(f"not sent in time: {store.campaigns.counts(made.id)}")
                time.sleep(0.25)
            seconds = time.perf_counter() - began
            counts = store.campaigns.counts(made.id)
        finally:
            memory.going = False
            memory.join()
            app.terminate()
            app.wait()
            store.close()
        assert counts == {CopyStatus.SENT: copies}, counts
        return {
            "rate": copies / seconds,
            "seconds": seconds,
            "size": len(html),
            **memory.figures(),
            **{f"cpu {name}": value for name, value in memory.cpu.items()},
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20_000)
    parser.add_argument("--kilobytes", type=int, default=50)
    parser.add_argument("--links", type=int, default=30)
    parser.add_argument("--only", choices=["signed", "unsigned"])
    parser.add_argument("--json", action="store_true", help="print figures, keep nothing")
    given = parser.parse_args()
    sink = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", f"{HOST}:{SINK}", "256"])
    time.sleep(0.5)
    figures = {}
    try:
        for signed in (True, False):
            if given.only in {None, "signed" if signed else "unsigned"}:
                before = processor_seconds(sink.pid)
                figures[signed] = campaign(given.copies, signed=signed, kilobytes=given.kilobytes, links=given.links)
                figures[signed]["cpu sink"] = processor_seconds(sink.pid) - before
    finally:
        sink.terminate()
        sink.wait()
    if given.json:
        print(json.dumps({("signed" if k else "unsigned"): v for k, v in figures.items()}, indent=1))
        return
    rows = [
        [
            "Ed25519" if signed else "none",
            f"{one['rate']:,.0f}/s",
            f"{FLOOR[signed]:,} / {AIM[signed]:,}",
            f"{one['seconds']:.1f} s",
            f"{one['rss peak']:.0f} MB",
            f"{MEMORY_MB} MB",
            " / ".join(f"{one[f'rss {percent} %']:.0f}" for percent in LEVELS) + " MB",
            f"{one['pss peak']:.0f} MB",
            ", ".join(f"{name[4:]} {one[name] / given.copies * 1e6:.0f}" for name in one if name.startswith("cpu")),
        ]
        for signed, one in figures.items()
    ]
    levels = "RSS at " + " / ".join(map(str, LEVELS)) + " %"
    heads = ["copies", "floor / aim", "in", "RSS at most", "limit", levels, "PSS at most", "processor us a copy"]
    text = f"{given.copies:,} copies of {given.kilobytes} kB with {given.links} links, SQLite, one worker. "
    text += (
        "RSS is what app and worker take, added up process by process, so that pages both use count twice; its levels "
        "are medians around that share of the campaign's time. PSS counts shared pages once.\n\n"
    )
    write("send", "Campaign into smtp-sink", "make bench-send", text + table(["DKIM", *heads], rows))


if __name__ == "__main__":
    main()
