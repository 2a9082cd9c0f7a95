"""Withdrawn consent limits the tracking of new mail; the revocation file stops it in mail already sent."""

import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Final, Protocol
from urllib.parse import urlsplit

import msgspec

from postlude.instrument import Policy
from postlude.kit.clock import Clock
from postlude.kit.ids import id_text
from postlude.kit.loop import STANDS_STILL_S, ThreadLoop
from postlude.model.address import read_mailbox
from postlude.model.errors import InputError, InUseError, NotFoundError, StorageError
from postlude.model.words import Via
from postlude.services.ports import Wake
from postlude.store import Link, LinkChange, PreferenceChoice, Revocations, Store, Withdrawal
from postlude.tokens import Kind

_LOOK_SECONDS: Final = 2.0
_OFTEN_SECONDS: Final = 0.2  # withdrawals that come together cost one file


def limited(policy: Policy, withdrawal: Withdrawal | None) -> Policy:
    """`policy` for a recipient who withdrew tracking; no header of the message switches it on again."""
    if withdrawal is None:
        return policy
    withdrawn = {name for name in ("opens", "clicks") if getattr(withdrawal, name)} | policy.withdrawn
    return msgspec.structs.replace(
        policy,
        opens=policy.opens and "opens" not in withdrawn,
        clicks=policy.clicks and "clicks" not in withdrawn,
        withdrawn=frozenset(withdrawn),
    )


class RevocationsSource(Protocol):
    """Store of withdrawals and changed links."""

    def revocations(self) -> Revocations:
        """All withdrawals and changed links."""
        ...

    def newest_choice(self) -> int:
        """A counter that grows with every choice about tracking, in whichever process."""
        ...


class WriteRevocations(Protocol):
    """Replaces the file that the edges read."""

    def __call__(
        self, opens: Iterable[int], clicks: Iterable[int], links: Mapping[tuple[int, int, int], str], /
    ) -> None:
        """Copies without opens, copies without clicks, changed links; StorageError."""
        ...


class RevocationsLock(Protocol):
    """Makes the writers of the revocations follow one another."""

    def __call__(self) -> AbstractContextManager[None]:
        """Held while the file is written."""
        ...


class Revoker:
    """Keeps the edges' file equal to the state. `lock` serialises its writers (app, command line).

    `look` is called every few seconds for other data of the edges, which other processes may change.
    """

    def __init__(
        self,
        source: RevocationsSource,
        write: WriteRevocations,
        lock: RevocationsLock,
        look: Wake = lambda: None,
    ) -> None:
        self._source = source
        self._write = write
        self._lock = lock
        self._look = look
        self._due = threading.Event()
        self._written = -1
        self._loop: Final = ThreadLoop(
            "revocations",
            self._round,
            expected=(StorageError, InUseError),
            problem="withdrawn consent cannot be written for the edge",
            patience_s=STANDS_STILL_S,
        )

    @property
    def problem(self) -> str:
        """Why the file is older than the state; empty when it is not."""
        return self._loop.problem

    def write(self) -> None:
        """Write the file now; StorageError when the disk refused."""
        with self._lock():
            newest = self._source.newest_choice()
            self._write(*self._source.revocations())
            self._written = newest

    def wake(self) -> None:
        """Something was withdrawn: have `run` write the file soon. From any thread."""
        self._due.set()

    def run(self, stop: threading.Event) -> None:
        """Write the file at once, whenever `wake` was called, and soon after another process noted a choice.

        Until `stop` is set and `wake` is called.
        """
        self._due.set()
        self._loop.run(stop)

    def _round(self) -> float:
        due = self._due.wait(_LOOK_SECONDS)
        self._due.clear()
        try:
            if due or self._source.newest_choice() != self._written:
                self.write()
            self._look()
        except Exception:
            self._due.set()
            raise
        return _OFTEN_SECONDS


def choose_for(store: Store, clock: Clock, address: str, by: str, *, opens: bool, clicks: bool) -> None:
    """Record a recipient's choice made by letter, with the same effect as on the preferences page."""
    choice = PreferenceChoice(0, opens, clicks, clock.now(), f"postlude privacy, by {by}")
    store.privacy.choose(read_mailbox(address).spelled, choice, "by hand")


def stop_link(store: Store, clock: Clock, message: int, position: int) -> Link:
    """Stop a link in mail already sent: it shows a plain page that says so. Returns the link."""
    return _change(store, clock, message, position, "")


def replace_link(store: Store, clock: Clock, message: int, position: int, url: str) -> Link:
    """Redirect a link in mail already sent to `url`; InputError unless it is an http(s) URL with a host."""
    parts = urlsplit(url)
    bad = any(ord(c) <= 0x20 or ord(c) == 0x7F or c == "\\" for c in url)  # noqa: PLR2004 - space and DEL
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or bad:
        raise InputError(f"{url!r} is not a valid destination for a link; give one like https://example.org/page")
    return _change(store, clock, message, position, url)


def restore_link(store: Store, message: int, position: int) -> Link:
    """Restore a link's signed destination. Returns the link; NotFoundError when it was not changed."""
    link = _link(store, message, position)
    if not store.privacy.restore_link(_kind(store, message), message, position):
        raise NotFoundError(f"link {position} of message {id_text(message)} was neither stopped nor replaced")
    return link


def _change(store: Store, clock: Clock, message: int, position: int, url: str) -> Link:
    link = _link(store, message, position)
    if not link.tracked:
        raise InputError(
            f"link {position} of message {id_text(message)} was not tracked ({link.reason}): it leads directly to its "
            "destination, past this server"
        )
    store.privacy.change_link(LinkChange(_kind(store, message), message, position, url, clock.now()))
    return link


def _kind(store: Store, message: int) -> Kind:
    """The scope in the tokens of the message's copies."""
    return Kind.CAMPAIGN if store.messages.get(message).via is Via.CAMPAIGN else Kind.MESSAGE


def _link(store: Store, message: int, position: int) -> Link:
    found = {link.position: link for link in store.messages.links(message)}
    if position not in found:
        known = ", ".join(map(str, found)) or "none"
        raise NotFoundError(f"message {id_text(message)} has no link {position}; its links: {known}")
    return found[position]
