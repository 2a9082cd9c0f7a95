"""Reading a mailbox for bounces and replies, and leaving no trace in it.

Folders are opened with EXAMINE and bodies read with BODY.PEEK: nothing is marked, moved or deleted, so people may read
the same mailbox with their own program. What was read is remembered as (UIDVALIDITY, UID) a folder.
"""

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]  # as above

_BATCH: Final = 50
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 300.0
_IDLE_SLICE_S: Final = 1.0  # how soon a stop is noticed
_IDLE_RENEW_S: Final = 540.0  # RFC 2177: a server may log an idle client out after 30 minutes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ImapConfig:
    """One account."""

    host: str
    port: int = 993
    tls: bool = True
    """TLS from the first byte; off on loopback and private lines only."""
    user: str
    password: str
    folders: tuple[str, ...] = ("INBOX",)
    max_message_bytes: int = 26_214_400
    """Larger mails are passed over, with a line in the log."""
    poll_s: float = 60.0
    """Between looks when there are several folders or the server has no IDLE."""
    timeout_s: float = 60.0


class Watermarks(Protocol):
    """Where each folder was read up to, kept durably by somebody else."""

    def get(self, folder: str) -> tuple[int, int] | None:
        """(UIDVALIDITY, highest UID dealt with), None when the folder was never read."""
        ...

    def put(self, folder: str, validity: int, uid: int) -> None:
        """Durable when it returns."""
        ...


class ImapReader:
    """Reads one account in the caller's thread.

    `take(raw)` makes one mail durable; the watermark moves only afterwards: every mail is taken at least once, and a
    second time only after a crash in between or when the server gave the folder a new UIDVALIDITY. A folder that is
    read for the first time begins with the next mail that comes, unless `from_start`.
    """

    def __init__(
        self, config: ImapConfig, marks: Watermarks, take: Callable[[bytes], None], *, from_start: bool = False
    ) -> None:
        self._config = config
        self._marks = marks
        self._take = take
        self._from_start = from_start

    def run(self, stop: threading.Event) -> None:
        """Read until `stop`, connecting again after every loss with growing pauses."""
        pause = _FIRST_PAUSE_S
        while not stop.is_set():
            try:
                with self.connect() as client:
                    pause = _FIRST_PAUSE_S
                    self._follow(client, stop)
            except (IMAPClientError, OSError) as error:
                _log.warning("imap %s@%s: %s; again in %.0f s", self._config.user, self._config.host, error, pause)
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)

    def read_once(self) -> int:
        """Take what is new in every folder now; returns how many mails. Raises IMAPClientError and OSError."""
        with self.connect() as client:
            return sum(self._read(client, folder) for folder in self._config.folders)

    def connect(self) -> Any:  # noqa: ANN401 - imapclient has no types
        """A client that is logged in; also the check that the settings work."""
        config = self._config
        context = ssl.create_default_context() if config.tls else None
        client = IMAPClient(
            config.host, config.port, use_uid=True, ssl=config.tls, ssl_context=context, timeout=config.timeout_s
        )
        try:
            client.login(config.user, config.password)
        except BaseException:
            client.shutdown()
            raise
        return client

    def _follow(self, client: Any, stop: threading.Event) -> None:  # noqa: ANN401 - as connect
        one_folder = len(self._config.folders) == 1 and client.has_capability("IDLE")
        while not stop.is_set():
            for folder in self._config.folders:
                self._read(client, folder)
            if one_folder:
                _idle(client, stop)
            else:
                stop.wait(self._config.poll_s)

    def _read(self, client: Any, folder: str) -> int:  # noqa: ANN401 - as connect
        status = client.select_folder(folder, readonly=True)
        validity = int(status[b"UIDVALIDITY"])
        mark = self._marks.get(folder)
        if mark is None and not self._from_start:
            self._marks.put(folder, validity, int(status.get(b"UIDNEXT", 1)) - 1)
            return 0
        last = mark[1] if mark and mark[0] == validity else 0
        # `n:*` always names the newest mail, also when its UID is below n (RFC 9051 6.4.4).
        uids = sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)
        taken = 0
        for start in range(0, len(uids), _BATCH):
            taken += self._take_batch(client, folder, validity, uids[start : start + _BATCH])
        return taken

    def _take_batch(self, client: Any, folder: str, validity: int, uids: list[int]) -> int:  # noqa: ANN401 - as connect
        taken = 0
        sizes = client.fetch(uids, ["RFC822.SIZE"])
        for uid in uids:
            size = int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))
            if size > self._config.max_message_bytes:
                _log.warning("imap %s: mail %d has %d bytes and is passed over", folder, uid, size)
            else:
                raw = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
                if raw:  # gone meanwhile: somebody else deleted it
                    self._take(raw)
                    taken += 1
            self._marks.put(folder, validity, uid)
        return taken


def _idle(client: Any, stop: threading.Event) -> None:  # noqa: ANN401 - imapclient has no types
    """Wait until the server says something is new, the stop, or it is time to begin IDLE again."""
    client.idle()
    try:
        waited = 0.0
        while not stop.is_set() and waited < _IDLE_RENEW_S:
            if any(len(said) > 1 and said[1] in {b"EXISTS", b"RECENT"} for said in client.idle_check(_IDLE_SLICE_S)):
                break
            waited += _IDLE_SLICE_S
    finally:
        client.idle_done()
