"""`kill -9` while a mailbox is read, at any moment: every mail is journaled, and none counts twice."""

import random
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid
from functools import partial
from pathlib import Path

from postlude.journal import JournalReader, Spool
from postlude.model.observation import Returned, decode_observation
from postlude.store import open_store
from servers.example_mails import offer
from servers.pair import ALICE, PASSWORD, Servers
from servers.postlude import Postlude
from servers.sink import Sink
from servers.waiting import LOOPBACK, wait_for

ROUNDS = 6
REPLIES = 40  # a round
PAUSE_S = 0.01  # between two of them
WAY_BACK = 7  # mails read again after the last round, as a kill between the journal and the mark leaves it
PLACE = f"imap {ALICE}@{LOOPBACK} INBOX"


def recipients(number: int) -> list[str]:
    return [f"r{number}-{reply}@customer.test" for reply in range(REPLIES)]


def reply(received: EmailMessage, sender: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ALICE, f"Re: {received['Subject']}"
    message["Message-ID"] = make_msgid(domain="customer.test")
    message["In-Reply-To"] = message["References"] = str(received["Message-ID"])
    message.set_content(f"We take it, {sender}.\n")
    return message.as_bytes(policy=policy.SMTP)


def deliver(mail: Servers, received: EmailMessage, senders: list[str]) -> None:
    with smtplib.LMTP(LOOPBACK, mail.dovecot.lmtp_port, timeout=10) as client:
        for sender in senders:
            client.sendmail(sender, [ALICE], reply(received, sender))
            time.sleep(PAUSE_S)


def journaled(running: Postlude) -> Counter[str]:
    """How often each reply was journaled, by its sender; every mail spoken of is in the spool."""
    spool = Spool(running.data / "spool" / "in")
    seen = [decode_observation(record.data) for record in JournalReader(running.data / "journal").read({}, 1_000_000)]
    mails = [spool.get(one.mail) for one in seen if isinstance(one, Returned) and one.channel.startswith("imap:")]
    return Counter(mail.partition(b"From: ")[2].partition(b"\r\n")[0].decode() for mail in mails)


def spool_files(running: Postlude) -> list[Path]:
    return list((running.data / "spool" / "in").rglob("*.eml"))


def spooled_more_than(count: int, running: Postlude) -> bool:
    return len(spool_files(running)) > count


def counted(running: Postlude, received: EmailMessage) -> Counter[str]:
    """Replies in the timeline, by recipient."""
    story = running.timeline(str(received["Message-ID"]))["messages"][0]["timeline"]
    return Counter(entry["recipient"] for entry in story if entry["kind"] == "replied")


def wait_for_replies(running: Postlude, received: EmailMessage, once: Counter[str]) -> None:
    wait_for(f"the replies to {received['Subject']}", lambda: counted(running, received) >= once, 30, pause=0.5)


def go_back(running: Postlude) -> None:
    """Set the mark back while nothing runs."""
    with closing(open_store(f"sqlite:///{running.data}/state.sqlite")) as store:
        validity, uid, day = store.settings.get(PLACE)
        store.settings.put(PLACE, [validity, uid - WAY_BACK, day])


def test_every_mail_is_journaled_and_counts_once(postlude: Callable[..., Postlude], mail: Servers, sink: Sink) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    running = postlude(
        smtp_host=LOOPBACK,
        smtp_port=sink.port,
        smtp_tls="none",
        imap_host=LOOPBACK,
        imap_port=mail.imap_port,
        imap_tls="false",
        imap_user=ALICE,
        imap_password=PASSWORD,
    )
    with closing(open_store(f"sqlite:///{running.data}/state.sqlite")) as store:
        wait_for("the first look", lambda: store.settings.get(PLACE), 20)
    received_mails = [offer(ALICE, recipients(number), subject=f"Offer {number}") for number in range(ROUNDS)]
    for number, received in enumerate(received_mails):
        running.submit(ALICE, recipients(number), received)
    wait_for("every copy to leave", lambda: sink.counts().total() == ROUNDS * REPLIES, 60, pause=0.2)

    read_at_kill: list[int] = []
    for number, received in enumerate(received_mails):
        sending = threading.Thread(target=deliver, args=(mail, received, recipients(number)))
        before = journaled(running).total()
        spooled = len(spool_files(running))
        sending.start()
        if number % 3:  # two of three rounds: while it reads
            wait_for("the reader", partial(spooled_more_than, spooled, running), 30, pause=0.005)
        time.sleep(chance.uniform(0, 0.5 * REPLIES * PAUSE_S))
        running.kill()
        read_at_kill.append(journaled(running).total() - before)
        sending.join()
        if number == ROUNDS - 1:
            go_back(running)
        running.start()

    everybody = {sender for number in range(ROUNDS) for sender in recipients(number)}

    def all_read() -> bool:
        return journaled(running).total() >= len(everybody) + WAY_BACK and set(journaled(running)) == everybody

    wait_for("every mail to be read", all_read, 60, pause=0.5)
    found = journaled(running)
    print(f"seed {seed}: {read_at_kill} read when it was killed, {found.total() - len(everybody)} repeats")  # noqa: T201 - shown when it fails
    for number, received in enumerate(received_mails):
        once = Counter(recipients(number))
        wait_for_replies(running, received, once)
        assert counted(running, received) == once, (seed, number)
    assert running.run("feedback", "unmatched", "--json").json["unmatched"] == []
