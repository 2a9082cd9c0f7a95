"""`kill -9` while a campaign and single mails leave, again and again, beside a server that records what it got."""

import random
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import policy

from postlude.model.words import CampaignStatus, CopyStatus
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign
from servers.counting import Counting
from servers.example_mails import offer
from servers.mailing import send_to_all
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

CONNECTIONS = 8
MOST = 8
"""Indeterminate copies a kill may leave of one sender with 8 connections."""
SENDER = "letters@sender.test"
_MESSAGES = 200
_SETTLE_S = 0.7
_PATIENCE_S = 120


@dataclass
class Kills:
    """What the kills did."""

    left: list[int] = field(default_factory=list)
    """After each kill: how many copies had left by then."""
    indeterminate: list[int] = field(default_factory=list)
    """After each kill: how many copies it left indeterminate."""
    never_left: int = 0
    """Of the indeterminate copies: how many the server never got whole."""
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Neither sent nor indeterminate, or said to be sent and unknown to the server."""

    @property
    def unknown(self) -> int:
        """Indeterminate copies of all kills."""
        return sum(self.indeterminate)

    def __str__(self) -> str:
        return (
            f"{len(self.indeterminate)} kills: {self.unknown} copies indeterminate {self.indeterminate}, "
            f"{self.never_left} of them never left; {len(self.twice)} twice, {len(self.lost)} lost"
        )


Look = Callable[[], Counter[CopyStatus]]


def kill_a_campaign(running: Postlude, server: Counting, copies: int, rounds: int, chance: random.Random) -> Kills:
    """A campaign to `copies` people, killed `rounds` times with every process, then let to its end."""
    kills = Kills()
    store, campaign = send_to_all(running.settings, copies)
    for number in range(rounds):
        goal = copies * (number + 0.2 + 0.6 * chance.random()) / (rounds + 1)
        _await_more(server, goal)
        time.sleep(0.1 * chance.random())  # not at the moment when a message has just come
        _kill(running, server, lambda: Counter(store.campaigns.counts(campaign.id)), kills)
    _await_end(store, campaign)
    (variant,) = store.campaigns.variants(campaign.id)
    _classify(kills, {one.recipient: one.status for one in store.messages.copies(variant.message)}, server)
    store.close()
    return kills


def kill_single_mails(running: Postlude, store: Store, server: Counting, rounds: int, chance: random.Random) -> Kills:
    """Single mails from several clients, killed `rounds` times, then let to their end."""
    kills = Kills()
    accepted: list[str] = []
    for number in range(rounds):
        clients = [
            threading.Thread(target=_submit, args=(running, f"{number}-{client}", accepted)) for client in range(3)
        ]
        before = server.counts.total()
        for client in clients:
            client.start()
        _await_more(server, before + 5)
        time.sleep(chance.random())
        _kill(running, server, lambda: Counter(_single_mails(store).values()), kills)
        for client in clients:
            client.join()
    wait_for("every copy to have its outcome", lambda: not _open(_single_mails(store)), _PATIENCE_S, pause=0.3)
    reported = _single_mails(store)
    _classify(kills, reported | {one: reported.get(one, CopyStatus.CANCELLED) for one in accepted}, server)
    return kills


def _await_more(server: Counting, than: float) -> None:
    wait_for("mail to leave", lambda: server.counts.total() > than, _PATIENCE_S, pause=0.002)


def _kill(running: Postlude, server: Counting, look: Look, kills: Kills) -> None:
    before = look()[CopyStatus.INDETERMINATE]
    running.kill()
    kills.left.append(server.counts.total())
    running.start()
    wait_for(
        "what was in flight to be settled", lambda: _goes_on(look(), server, kills.left[-1]), _PATIENCE_S, pause=0.1
    )
    time.sleep(_SETTLE_S)
    kills.indeterminate.append(look()[CopyStatus.INDETERMINATE] - before)


def _goes_on(now: Counter[CopyStatus], server: Counting, left: int) -> bool:
    """A sender settles what was in flight before it sends again."""
    waits = any(now[status] for status in (CopyStatus.QUEUED, CopyStatus.CLAIMED, CopyStatus.SENDING))
    return server.counts.total() > left or not waits


def _submit(running: Postlude, name: str, accepted: list[str]) -> None:
    user, password = running.login()
    died = suppress(OSError, smtplib.SMTPException)
    with died, smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=_PATIENCE_S) as client:  # a kill ends it at once
        client.login(user, password)
        for message in range(_MESSAGES):
            to = [f"s{name}-{message}-{i}@customer.test" for i in range(3)]
            client.sendmail(user, to, offer(SENDER, to).as_bytes(policy=policy.SMTP))
            accepted += to


def _single_mails(store: Store) -> dict[str, CopyStatus]:
    return {
        copy.recipient: copy.status
        for message, _, _ in store.messages.checksums()
        for copy in store.messages.copies(message)
        if copy.recipient.startswith("s")
    }


def _open(reported: dict[str, CopyStatus]) -> list[str]:
    done = {CopyStatus.SENT, CopyStatus.INDETERMINATE}
    return [recipient for recipient, status in reported.items() if status not in done]


def _await_end(store: Store, campaign: Campaign) -> None:
    done = CampaignStatus.SENT
    wait_for("the end", lambda: store.campaigns.get(campaign.id).status is done, _PATIENCE_S, pause=0.3)
    time.sleep(_SETTLE_S)


def _classify(kills: Kills, reported: dict[str, CopyStatus], server: Counting) -> None:
    for recipient, status in reported.items():
        got = server.counts[recipient]
        if got > 1:
            kills.twice.append(recipient)
        elif status is CopyStatus.INDETERMINATE:
            kills.never_left += not got
        elif status is not CopyStatus.SENT or not got:
            kills.lost.append(f"{recipient}: {status}, {got} at the server")
