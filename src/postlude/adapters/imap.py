"""Reading a mailbox for bounces and replies, and leaving no trace in it.

Folders are opened with EXAMINE and bodies read with BODY.PEEK: nothing is marked, moved or deleted, so people may read
the same mailbox with their own program. What was read is remembered as (UIDVALIDITY, UID) a folder.
"""

import logging
import ssl
import threading
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, Protocol

from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import IMAPClientError, LoginError  # type: ignore[import-untyped]  # as above

from postlude.kit.loop import Pauses, ThreadLoop
from postlude.model.errors import InUseError, StorageError, TransportError

_BATCH: Final = 50
_OVERLAP_DAYS: Final = 2  # SINCE knows days only, in the server's zone
_FIRST_PAUSE_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 300.0
_IDLE_SLICE_S: Final = 1.0  # how soon a stop is noticed
_IDLE_RENEW_S: Final = 540.0  # RFC 2177: a server may log an idle client out after 30 minutes

_log = logging.getLogger(__name__)


class ImapToken(Protocol):
    """An OAuth 2 access token for IMAP."""

    def __call__(self, fresh: bool, /) -> str:
        """`fresh` asks for a new one, since the last was refused; TransportError."""


class TakeMail(Protocol):
    """Takes a mail that was read."""

    def __call__(self, mail: bytes, /) -> None:
        """Return when it is durable; OSError, or the IMAP library's error, ends this look at the folder."""


@dataclass(frozen=True, kw_only=True)
class ImapConfig:
    """One folder of one account. Every folder has a connection of its own, so that IDLE watches each."""

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
    poll_s: float = 60.0
    """Between looks when the server has no IDLE."""
    timeout_s: float = 60.0

    @property
    def name(self) -> str:
        """Account and folder, for people."""
        return f"{self.user} at {self.host}, folder {self.folder}"


class Mark(NamedTuple):
    """Where a folder was read up to."""

    validity: int
    """UIDVALIDITY, by which the UID counts."""
    uid: int
    """The highest one dealt with."""
    day: date
    """When that was."""


class Watermark(Protocol):
    """Keeps the mark of a folder durably. May raise StorageError."""

    def get(self) -> Mark | None:
        """None when the folder was never read."""
        ...

    def put(self, validity: int, uid: int) -> None:
        """Durable when it returns; the day is today."""
        ...


def connect(config: ImapConfig, *, fresh: bool = False) -> Any:  # noqa: ANN401 - imapclient has no types
    """A client that is logged in, `fresh`: with a new token. Raises IMAPClientError, OSError and TransportError."""
    context = ssl.create_default_context() if config.tls else None
    client = IMAPClient(
        config.host, config.port, use_uid=True, ssl=config.tls, ssl_context=context, timeout=config.timeout_s
    )
    try:
        if config.token is not None:
            client.oauth2_login(config.user, config.token(fresh))
        else:
            client.login(config.user, config.password)
    except LoginError:
        client.shutdown()
        if config.token is None or fresh:
            raise
        return connect(config, fresh=True)  # the token may have ended before its time
    except BaseException:
        client.shutdown()
        raise
    return client


def try_folder(config: ImapConfig) -> None:
    """Log in and open the folder as the reader would; TransportError with the server's words when that fails."""
    try:
        with connect(config) as client:
            client.select_folder(config.folder, readonly=True)
    except (IMAPClientError, OSError, TransportError) as error:
        raise TransportError(f"{config.name}: {_words(error)}") from error


class ImapReader:
    """Reads one folder in the caller's thread.

    `take(raw)` makes one mail durable or raises StorageError; the watermark moves only afterwards: every mail is taken
    at least once, and a second time only after a crash in between or when the server gave the folder a new UIDVALIDITY.
    A folder that is read for the first time begins with the next mail that comes, unless `from_start`.
    """

    def __init__(self, config: ImapConfig, mark: Watermark, take: TakeMail, *, from_start: bool = False) -> None:
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
        )
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
        with connect(self._config) as client:
            self._follow(client, self._stop)
        return 0.0

    def read_once(self) -> int:
        """Take what is new now; returns how many mails. Raises IMAPClientError, OSError and StorageError."""
        with connect(self._config) as client:
            return self._read(client)

    def _follow(self, client: Any, stop: threading.Event) -> None:  # noqa: ANN401 - as connect
        idles = client.has_capability("IDLE")
        while not stop.is_set():
            self._read(client)
            self._loop.worked()
            if idles:
                _idle(client, stop)
            else:
                stop.wait(self._config.poll_s)

    def _read(self, client: Any) -> int:  # noqa: ANN401 - as connect
        status = client.select_folder(self._config.folder, readonly=True)
        validity = int(status[b"UIDVALIDITY"])
        newest = int(status.get(b"UIDNEXT", 1)) - 1
        mark = self._mark.get()
        if mark is None and not self._from_start:
            self._mark.put(validity, newest)
            return 0
        if mark is None or mark.validity == validity:
            last = mark.uid if mark else 0
            # `n:*` always names the newest mail, also when its UID is below n (RFC 9051 6.4.4).
            uids = sorted(uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last)
        else:  # the server numbered the folder anew: what came since the last look, and what repeats is recognised
            uids = sorted(client.search(["SINCE", mark.day - timedelta(days=_OVERLAP_DAYS)]))
        taken = 0
        for start in range(0, len(uids), _BATCH):
            taken += self._take_batch(client, validity, uids[start : start + _BATCH])
        if mark is not None and mark.validity != validity:
            self._mark.put(validity, newest)
        return taken

    def _take_batch(self, client: Any, validity: int, uids: list[int]) -> int:  # noqa: ANN401 - as connect
        taken = 0
        sizes = client.fetch(uids, ["RFC822.SIZE"])
        for uid in uids:
            size = int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))
            if size > self._config.max_message_bytes:
                _log.warning("imap %s: mail %d has %d bytes and is passed over", self._config.name, uid, size)
            else:
                raw = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
                if raw:  # gone meanwhile: somebody else deleted it
                    self._take(raw)
                    taken += 1
                    self.taken += 1
            self._mark.put(validity, uid)
        return taken


def _words(error: Exception) -> str:
    """What a server or the network said; imapclient hands some answers on as the repr of bytes."""
    text = str(error) or type(error).__name__
    return text[2:-1] if text[:2] in {"b'", 'b"'} else text


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
