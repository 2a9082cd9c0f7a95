"""What pages cost as an instance grows: loaded through the digest's own transaction, asked beside a tenth of it.

    python bench/report_pages.py [--scale 0.02] [--url URL] [--rounds 40] [--no-result]

Scale 1 is 1,000,000 contacts, 400 campaigns of 30,000 copies, 20,000 single mails and about 20 million events; a scale
has that share of contacts, campaigns and mails. What becomes of a copy is drawn from `postlude.population` for 2,000
readers and repeated with other times. Copies and events go through `Batch`, as a worker's and an edge's records do, and
through the history's writer: counts, states and scores are those of the real program, and so is the loading's speed.
Measured is what a page asks of both stores, without HTTP and rendering; a tenth is asked the same in turns.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

from result import table, write

from postlude.history import open_history
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_run, new_id
from postlude.model.event import Event
from postlude.model.words import CampaignStatus, EngagementState, EventKind, SendOutcome, Verdict, Via
from postlude.population import SimulatedMailing, decide_fate, draw_readers
from postlude.segments import parse_expression
from postlude.services.campaigns.drafts import create_campaign
from postlude.services.campaigns.report import report_of
from postlude.services.reports.messages import Reports
from postlude.services.segments.settling import settled
from postlude.store import AttemptResult, Batch, Copy, Message, Submission, open_store
from postlude.store.contacts.tables import contacts
from postlude.store.messages.tables import copies as copy_table

DAY = 86_400_000_000
COPIES = 30_000
CONTACTS, CAMPAIGNS, SINGLES = 1_000_000, 400, 20_000
PART = 5_000
THREE = "clicked(within='90d') and not replied() and opened() >= 2"


class Load:
    """One instance of a size."""

    def __init__(self, folder, scale, url=""):
        self.store = open_store(url or f"sqlite:///{folder}/state.sqlite")
        self.history = open_history(Path(folder) / "history.duckdb")
        self.reports = Reports(self.store, self.history)
        self.clock = SystemClock()
        self.chance = random.Random(scale)
        self.user = self.store.accounts.create_user("owner@example.org", created_at=1)
        self.people = [f"reader{number}@isp{number % 40}.example" for number in range(int(CONTACTS * scale))]
        self.readers = draw_readers(2_000, 7)
        self.events = self.number = 0
        self.campaigns, self.singles = [], []
        begun = time.perf_counter()
        self._contacts()
        for number in range(max(1, int(CAMPAIGNS * scale))):
            self._campaign(number)
        for _ in range(int(SINGLES * scale)):
            self._mail(1, 0)
        self.seconds = time.perf_counter() - begun
        while self.store.engagement.step(self.clock.now()):
            pass
        while self.history.merge():
            pass

    def _contacts(self):
        now = self.clock.now()
        made = id_run(len(self.people))
        rows = [
            {"id": one, "address": address, "spelled": address, "fields": {}, "created_at": now, "updated_at": now}
            for one, address in zip(made, self.people, strict=True)
        ]
        self.ids = dict(zip(self.people, made, strict=True))
        with self.store.segments._database.write() as connection:  # noqa: SLF001 - as an import writes
            for first in range(0, len(rows), PART):
                connection.execute(contacts.insert(), rows[first : first + PART])

    def _campaign(self, number):
        made = create_campaign(self.store, self.clock, self.user, f"Campaign {number}")
        (variant,) = self.store.campaigns.variants(made.id)
        self._mail(min(COPIES, len(self.people)), made.id, variant.message)
        self.store.campaigns.move(made.id, [CampaignStatus.DRAFT], CampaignStatus.SENT)
        self.campaigns.append(made.id)

    def _mail(self, count, campaign, message=0):
        message = message or new_id()
        at = self.clock.now() - self.chance.randrange(DAY, 300 * DAY)
        row = Message(
            id=message, user=self.user.id, message_id="", subject="News", sender="owner@example.org", mail_from="",
            via=Via.CAMPAIGN if campaign else Via.WEB, created_at=at,
        )  # fmt: skip
        mailing = SimulatedMailing(self.chance.randrange(1 << 30))
        fates = [decide_fate(reader, mailing) for reader in self.readers] if count > 1 else []
        to = self.chance.sample(self.people, count)
        for first in range(0, count, PART):
            some = to[first : first + PART]
            ids = id_run(len(some))
            made = tuple(
                Copy(one, message, who, contact=self.ids[who] if campaign else None)
                for one, who in zip(ids, some, strict=True)
            )
            sent = [AttemptResult(one, SendOutcome.ACCEPTED, at, 1, 250, message=message, tracked=3) for one in ids]
            events = [event for one in ids for event in self._of_copy(one, message, at, fates)]
            self._apply(
                Batch(submissions=[Submission(row, (), made)], attempts=sent, events=events, at=at), campaign, ids
            )
        if not campaign:
            self.singles.append(message)

    def _of_copy(self, copy, message, at, fates):
        fate = self.chance.choice(fates) if fates else None
        yield self._event(EventKind.SENT, at, message, copy, Verdict.MACHINE)
        if fate is None or not fate.opened:
            return
        for _ in range(1 + (self.chance.random() < 0.3)):
            later = at + int(self.chance.expovariate(1 / (DAY / 4)))
            verdict = self.chance.choices((Verdict.HUMAN, Verdict.UNKNOWN, Verdict.MACHINE), (6, 3, 1))[0]
            yield self._event(EventKind.OPENED, later, message, copy, verdict)
        for link in fate.links:
            yield self._event(EventKind.CLICKED, later + 9_000_000, message, copy, Verdict.HUMAN, link)
        if fate.replied:
            yield self._event(EventKind.REPLIED, later + DAY, message, copy, Verdict.HUMAN)

    def _event(self, kind, at, message, copy, verdict, position=-1):  # noqa: PLR0917 - plain data
        self.number += 1
        return Event(self.number << 20 | 1, kind, at, message, copy, position, verdict, facts={"client": "Mail"})

    def _apply(self, batch, campaign, ids):
        entry = self.store.digest.apply(batch)
        self._to_history(entry)
        self.events += len(batch.events)
        if campaign:
            with self.store.segments._database.write() as connection:  # noqa: SLF001 - as a campaign's audience writes
                connection.execute(
                    copy_table.update().where(copy_table.c.id.between(ids[0], ids[-1])).values(campaign=campaign)
                )

    def _to_history(self, entry):
        self.history.append(entry.events, {}, number=entry.first)

    def pages(self):
        """What each page asks, by name."""
        store, now = self.store, self.clock.now()
        asked = settled(store, parse_expression(THREE), now)
        return {
            "sent list": lambda: self.reports.messages(self.user.id),
            "message page": self._message_page,
            "copy's timeline": self._copy_page,
            "contact page": self._contact_page,
            "campaign report": lambda: report_of(
                store, store.campaigns.get(self._any(self.campaigns)), estimated=False
            ),
            "contacts, newest": store.contacts.page,
            "search of contacts": lambda: store.contacts.page(f"reader{self.chance.randrange(len(self.people))}"),
            "states, counted": store.engagement.counts,
            "contacts of a state": lambda: store.engagement.page(EngagementState.ACTIVE),
            "contacts of a rare state": lambda: store.engagement.page(EngagementState.HOT),
            "segment of three conditions, counted": lambda: store.segments.count(asked),
            "state and score, counted": lambda: store.segments.count(
                parse_expression("state('active') and score() >= 40")
            ),
        }

    def _any(self, some):
        return self.chance.choice(some)

    def _message_page(self):
        one = self._any(self.singles)
        self.reports.message(one)
        self.reports.timeline(one)

    def _copy_page(self):
        for copy in self.store.messages.copies_to(self._any(self.people), limit=1):
            self.reports.copy_timeline(copy)

    def _contact_page(self):
        address = self._any(self.people)
        self.reports.received(address, self.user.id, 20)
        self.store.engagement.of_address(address, self.clock.now())

    def check(self):
        """Counts and states as they are kept are those of a count over everything."""
        kept = self.store.engagement.counts()
        wrong = 0
        for one in self.store.contacts.page(limit=300):
            found = self.store.engagement.of_contacts([one.id])[one.id]
            slow = self.store.engagement.of_address(one.address, self.clock.now())
            wrong += (found.state, found.score) != (slow.state, slow.score)
        return sum(kept.values()) == len(self.people) and not wrong and self.history.total() == self.events


def p95(calls):
    return quantiles(calls, n=20)[-1] if len(calls) > 1 else calls[0]


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--scale", type=float, default=0.1)
    wanted.add_argument("--rounds", type=int, default=40)
    wanted.add_argument("--url", default="")
    wanted.add_argument("--no-result", action="store_true")
    options = wanted.parse_args()
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        loads = [Load(small, options.scale / 10), Load(large, options.scale, options.url)]
        for load in loads:
            print(
                f"{load.events:,} events in {load.seconds:.0f} s, all right: {load.check()}",
                file=sys.stderr,
                flush=True,
            )
        spent = {name: ([], []) for name in loads[0].pages()}
        questions = [load.pages() for load in loads]
        for name, both in spent.items():
            rounds = max(5, options.rounds // 4) if "counted" in name else options.rounds
            for _ in range(rounds):
                for place, asks in enumerate(questions):
                    begun, busy = time.perf_counter(), time.process_time()
                    asks[name]()
                    both[place].append((1e3 * (time.perf_counter() - begun), 1e3 * (time.process_time() - busy)))
        rows = []
        for name, (few, many) in spent.items():
            cpu = [p95([one[1] for one in some]) for some in (few, many)]
            wall = p95([one[0] for one in many])
            rows.append([name, f"{cpu[0]:.1f}", f"{cpu[1]:.1f}", f"{cpu[1] / cpu[0]:.2f}", f"{wall:.1f}"])
        large_load = loads[1]
        about = (
            f"Scale {options.scale}: {len(large_load.people):,} contacts, {len(large_load.campaigns)} campaigns, "
            f"{len(large_load.singles):,} single mails, {large_load.events:,} events, loaded in "
            f"{large_load.seconds:.0f} s ({large_load.events / large_load.seconds:,.0f} events/s); beside a tenth "
            f"({loads[0].events:,} events), "
            f"in turns. Kept states, scores and numbers of events are those of a slow count: "
            f"{all(load.check() for load in loads)}. What a page asks of both stores, without HTTP and rendering."
        )
        heads = ["page", "a tenth: p95, ms CPU", "this size: p95, ms CPU", "ratio", "this size: p95, ms by the clock"]
        text = table(heads, rows)
        print(about, text, sep="\n\n")
        if not options.no_result:
            write("report", "Pages as an instance grows", f"python {' '.join(sys.argv)}", f"{about}\n\n{text}")


if __name__ == "__main__":
    main()
