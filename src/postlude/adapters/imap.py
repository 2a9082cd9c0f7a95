"""Reading a mailbox for bounces and replies, and leaving no trace in it.

Folders are opened with EXAMINE and bodies read with BODY.PEEK: nothing is marked, moved or deleted, so people may read
the same mailbox with their own program. What was read is remembered as (UIDVALIDITY, UID) a folder.
"""

import logging
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple, Protocol

from imapclient.exceptions import IMAPClientError, LoginError  # type: ignore[import-untyped]  # it ships no types

from postlude.adapters.imap_connection import BoundedClient
from postlude.kit.loop import Pauses, ThreadLoop
from postlude.model.errors import InUseError, StorageError, TransportError
from postlude.services.feedback.folder_position import FolderMark

_BATCH: Final = 50
_SEARCHED: Final = 50_000  # UIDs in one answer to SEARCH: about 400 kB
_TRIES: Final = 3  # for a mail that the server cannot deliver or that cannot be parsed
_OVERLAP_DAYS: Final = 2  # SINCE knows days only, in the server's zone
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 300.0
_IDLE_SLICE_S: Final = 1.0  # how soon a stop is noticed
_IDLE_RENEW_S: Final = 25.0  # RFC 2177 allows 29 minutes, but so we notice a server that is gone or stands still
_SILENT_S: Final = 30.0  # one thing that is asked of the server may last so long before it is told

_log = logging.getLogger(__name__)


class ImapToken(Protocol):
    """An OAuth 2 access token for IMAP."""

    def __call__(self, fresh: bool, /) -> str:
        """`fresh` asks for a new one, since the last was refused; TransportError."""


class StoreMail(Protocol):
    """Takes a mail that was read."""

    def __call__(self, mail: bytes, /) -> None:
        """Return when it is durable; OSError, or the IMAP library's error, ends this look at the folder."""


@dataclass(frozen=True, kw_only=True)
class ImapConfig:
    """One folder of one account. Every folder has its own connection, so that IDLE watches each."""

    host: str
    port: int = 993
    tls: bool = True
    """TLS from the first byte; off on loopback and private lines only."""
    user: str
    password: str = ""
    token: ImapToken | None = None
    """Access tokens for XOAUTH2 instead of a password; True asks for a new one. TransportError when there is none."""
    folder: str = "INBOX"
    max_message_bytes: int = 26_214_400
    """Larger mails are passed over, with a line in the log."""
    poll_s: float = 25.0
    """Between looks when the server has no IDLE."""
    timeout_s: float = 60.0

    @property
    def name(self) -> str:
        """Account and folder, for people."""
        return f"{self.user} at {self.host}, folder {self.folder}"


class Watermark(Protocol):
    """Stores the mark of a folder durably. May raise StorageError."""

    def get(self) -> FolderMark | None:
        """None when the folder was never read."""
        ...

    def put(self, validity: int, uid: int) -> None:
        """Durable when it returns; the day is today."""
        ...


def connect_imap(config: ImapConfig, *, fresh: bool = False) -> BoundedClient:
    """A client that is logged in, `fresh`: with a new token. Raises IMAPClientError, OSError and TransportError."""
    context = ssl.create_default_context() if config.tls else None
    client = BoundedClient(config.host, config.port, tls=context, timeout_s=config.timeout_s)
    try:
        if config.token is not None:
            client.oauth2_login(config.user, config.token(fresh))
        else:
            client.login(config.user, config.password)
    except LoginError:
        client.shutdown()
        if config.token is None or fresh:
            raise
        return connect_imap(config, fresh=True)  # the token may have ended before its time
    except BaseException:
        client.shutdown()
        raise
    client.trust(config.max_message_bytes)
    return client


def try_folder(config: ImapConfig) -> None:
    """Log in and open the folder as the reader would; TransportError with the server's words when that fails."""
    try:
        with connect_imap(config) as client:
            client.select_folder(config.folder, readonly=True)
    except (IMAPClientError, OSError, TransportError) as error:
        raise TransportError(f"{config.name}: {_words(error)}") from error


class ImapReader:
    """Reads one folder in the caller's thread.

    `take(raw)` makes one mail durable or raises StorageError; the watermark moves only afterwards: every mail is taken
    at least once, and a second time only after a crash in between or when the server gave the folder a new UIDVALIDITY.
    A folder that is read for the first time begins with the next mail that comes, unless `from_start`.
    """

    def __init__(self, config: ImapConfig, mark: Watermark, take: StoreMail, *, from_start: bool = False) -> None:
        self._config = config
        self._mark = mark
        self._take = take
        self._from_start = from_start
        self._stop = threading.Event()
        self._loop: Final = ThreadLoop(
            f"imap {config.name}",
            self._connected,
            expected=(IMAPClientError, OSError, StorageError, InUseError, TransportError),
            problem=f"mailbox {config.name}",
            pauses=Pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
            words=_words,
            patience_s=_SILENT_S,
        )
        self._failing = (0, 0, 0)
        """UIDVALIDITY, UID and tries of the mail that is being read."""
        self.taken = 0
        """Mails taken since the start."""

    def run(self, stop: threading.Event) -> None:
        """Read until `stop`, connecting again after every loss with growing pauses."""
        self._stop = stop
        self._loop.run(stop)

    @property
    def problem(self) -> str:
        """Why nothing can be read at the moment, for the health strip; empty when it can."""
        return self._loop.problem

    def _connected(self) -> float:
        with connect_imap(self._config) as client:
            self._follow(client, self._stop)
        return 0.0

    def read_once(self) -> int:
        """Take what is new now; returns how many mails. Raises IMAPClientError, OSError and StorageError."""
        with connect_imap(self._config) as client:
            return self._read(client)

    def _follow(self, client: Any, stop: threading.Event) -> None:  # noqa: ANN401 - as connect
        idles = client.has_capability("IDLE")
        while not stop.is_set():
            self._read(client)
            self._loop.worked(_IDLE_RENEW_S if idles else self._config.poll_s)
            if idles:
                _idle(client, stop)
            else:
                stop.wait(self._config.poll_s)

    def _read(self, client: Any) -> int:  # noqa: ANN401 - as connect
        folder = _Folder.of(client.select_folder(self._config.folder, readonly=True))
        mark = self._mark.get()
        if mark is None and not self._from_start:
            self._mark.put(folder.validity, folder.newest)
            return 0
        known = mark is None or (mark.validity == folder.validity and mark.uid <= folder.newest)
        if known:
            found = _search(client, folder, mark.uid if mark else 0, [])
        else:  # the server renumbered the folder: read everything since the last look; repeats are recognised
            assert mark is not None
            found = _search(client, folder, 0, ["SINCE", mark.day - timedelta(days=_OVERLAP_DAYS)])
        taken = 0
        for uids in found:
            for start in range(0, len(uids), _BATCH):
                taken += self._take_batch(client, folder.validity, uids[start : start + _BATCH])
        if not known:
            self._mark.put(folder.validity, folder.newest)
        return taken

    def _take_batch(self, client: Any, validity: int, uids: list[int]) -> int:  # noqa: ANN401 - as connect
        taken = 0
        sizes = client.fetch(uids, ["RFC822.SIZE"])
        for uid in uids:
            size = int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))
            if size > self._config.max_message_bytes:
                _log.warning("imap %s: mail %d has %d bytes and is skipped", self._config.name, uid, size)
            elif self._tried(uid, validity) > _TRIES:
                _log.error("imap %s: mail %d could not be read in %d tries, skipped", self._config.name, uid, _TRIES)
            elif raw := self._fetch(client, uid):  # deleted meanwhile by another program
                self._failing = (0, 0, 0)  # it can be read: what a disk refuses now is not the mail's fault
                self._take(raw)
                taken += 1
                self.taken += 1
            self._failing = (0, 0, 0)
            self._mark.put(validity, uid)
            self._loop.worked()
        return taken

    def _tried(self, uid: int, validity: int) -> int:
        """Number of tries for this mail, including this one."""
        again = self._failing[:2] == (validity, uid)
        self._failing = (validity, uid, self._failing[2] + 1 if again else 1)
        return self._failing[2]

    def _fetch(self, client: Any, uid: int) -> bytes:  # noqa: ANN401 - as connect
        most = self._config.max_message_bytes
        found: dict[bytes, bytes] = client.fetch([uid], [f"BODY.PEEK[]<0.{most}>"]).get(uid, {})
        return found.get(b"BODY[]<0>") or found.get(b"BODY[]") or b""


class _Folder(NamedTuple):
    """The server's data about an opened folder."""

    validity: int
    newest: int
    """The highest UID there can be; no UID above it is believed, or one answer would end the reading for good."""
    mails: int

    @classmethod
    def of(cls, status: Mapping[bytes, Any]) -> "_Folder":
        return cls(int(status[b"UIDVALIDITY"]), int(status.get(b"UIDNEXT", 1)) - 1, int(status.get(b"EXISTS", 0)))


def _search(client: Any, folder: _Folder, after: int, criteria: list[Any]) -> Iterator[list[int]]:  # noqa: ANN401 - as connect
    """UIDs above `after` that fit, in order; of a large folder in ranges, since an answer has at most a megabyte."""
    step = _SEARCHED if folder.mails > _SEARCHED else folder.newest - after
    for first in range(after + 1, folder.newest + 1, max(step, 1)):
        last = min(first + step - 1, folder.newest)
        yield sorted(uid for uid in client.search([*criteria, "UID", f"{first}:{last}"]) if first <= uid <= last)


def _words(error: Exception) -> str:
    """Text of a server's or network's error; imapclient passes on some answers as the repr of bytes."""
    text = str(error) or type(error).__name__
    return text[2:-1] if text[:2] in {"b'", 'b"'} else text


def _idle(client: Any, stop: threading.Event) -> None:  # noqa: ANN401 - imapclient has no types
    """Wait until the server reports something new, the stop, or it is time to renew IDLE."""
    client.idle()
    try:
        waited = 0.0
        while not stop.is_set() and waited < _IDLE_RENEW_S:
            if any(
                len(reported) > 1 and reported[1] in {b"EXISTS", b"RECENT"}
                for reported in client.idle_check(_IDLE_SLICE_S)
            ):
                break
            waited += _IDLE_SLICE_S
    finally:
        client.idle_done()
