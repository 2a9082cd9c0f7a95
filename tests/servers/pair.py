"""Postfix and Dovecot together: a small mail world with users, bounces, vacation replies and ways to the tests."""

import shutil
import smtplib
import tempfile
from collections.abc import Callable, Sequence
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import TracebackType
from typing import Self

from servers.dovecot import Dovecot
from servers.forwarder import Forwarder
from servers.greylist import Greylist
from servers.needs import require, require_root
from servers.postfix import Postfix
from servers.waiting import LOOPBACK, wait_for

PASSWORD = "correct-horse"
ALICE, BOB, CHARLIE = "alice@sender.test", "bob@customer.test", "charlie@other.test"
FULL = "full@customer.test"
"""A mailbox without room: refused by Dovecot with 5.2.2 after Postfix took the mail."""
USERS = dict.fromkeys((ALICE, BOB, CHARLIE, FULL), PASSWORD)
DOMAINS = ("sender.test", "customer.test", "other.test")
BOUNCE_DOMAIN = "bounce.sender.test"
"""Everything to this domain goes to `forwarder`: a test points it at Postlude's inbound port or at a sink."""
REFUSED_DOMAIN = "refused.test"
SLOW_DOMAIN = "slow.test"
"""Nobody answers there: Postfix keeps the mail, and says after some seconds that it is delayed."""
UNKNOWN_USER = "nobody-here@customer.test"
"""Accepted by Postfix, refused by Dovecot: comes back as a real RFC 3464 bounce."""
GREY, SLOW, BUSY = "bob+grey@customer.test", "bob+slow@customer.test", "bob+busy@customer.test"
"""Refused with 450 the first time; answered after two seconds; told 421 and hung up on."""
AT_DATA, AT_END = "bob+data@customer.test", "bob+end@customer.test"
"""Refused for good at DATA, and after the whole message."""
UNKNOWN_DOMAIN = "someone@no-such-domain.test"
"""No route: refused with 550 5.1.2 at RCPT."""


class Servers:
    """The pair, started when entered and stopped whatever happens. Skips the test where it cannot run."""

    def __enter__(self) -> Self:
        require("postfix", "dovecot", "dovecot-lmtpd", "dovecot-imapd", "dovecot-sieve")
        require_root("Postfix changes its user and Dovecot keeps several")
        self.home = Path(tempfile.mkdtemp(prefix="postlude-mail-"))
        self.home.chmod(0o755)  # the servers' own users pass through
        self.forwarder, self.nowhere, self.greylist = Forwarder(), Forwarder(), Greylist({GREY})
        self.postfix = Postfix(
            self._folder("postfix"),
            domains=DOMAINS,
            routes={BOUNCE_DOMAIN: self.forwarder.port, SLOW_DOMAIN: self.nowhere.port},
            refused={
                REFUSED_DOMAIN: "550 5.7.1 we do not talk to you",
                SLOW: "sleep 2",
                BUSY: "421 4.3.2 too busy, come back later",
            },
            at_data={AT_DATA: "550 5.7.0 not from you"},
            at_end={AT_END: "554 5.7.1 this looks like spam"},
            policy=self.greylist.port,
        )
        try:
            self.dovecot = Dovecot(self._folder("dovecot"), USERS, self.postfix.port)
            try:
                self.postfix.start(self.dovecot.lmtp_port, self.dovecot.sasl_port)
                self.dovecot.ready()
                self.postfix.ready()
            except BaseException:
                self.postfix.stop()
                self.dovecot.stop()
                raise
        except BaseException:
            self.forwarder.close()
            self.nowhere.close()
            self.greylist.close()
            shutil.rmtree(self.home, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forwarder.target = None
        self.postfix.stop()
        self.dovecot.stop()
        self.forwarder.close()
        self.nowhere.close()
        self.greylist.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _folder(self, name: str) -> Path:
        folder = self.home / name
        folder.mkdir(mode=0o755)
        return folder

    @property
    def smtp_port(self) -> int:
        """Takes mail from loopback for every domain, without a login."""
        return self.postfix.port

    @property
    def submission_port(self) -> int:
        """Takes mail with AUTH only (a user's address and PASSWORD)."""
        return self.postfix.submission_port

    @property
    def imap_port(self) -> int:
        """IMAP in the clear; log in with a user's address and PASSWORD."""
        return self.dovecot.imap_port

    def send(self, sender: str, recipients: str | Sequence[str], message: EmailMessage | bytes) -> None:
        """Hand a message to Postfix as any mail program on this machine would."""
        data = message if isinstance(message, bytes) else message.as_bytes(policy=policy.SMTP)
        with smtplib.SMTP(LOOPBACK, self.smtp_port, timeout=10) as client:
            client.sendmail(sender, recipients, data)

    def send_as(self, user: str, recipients: str | Sequence[str], message: EmailMessage | bytes) -> None:
        """Submit with the user's login."""
        data = message if isinstance(message, bytes) else message.as_bytes(policy=policy.SMTP)
        with smtplib.SMTP(LOOPBACK, self.submission_port, timeout=10) as client:
            client.login(user, USERS[user])
            client.sendmail(user, recipients, data)

    def mailbox(self, user: str) -> list[EmailMessage]:
        """What lies in the user's inbox, oldest first."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(raw) for raw in self.dovecot.messages(user)]

    def wait_for_mail(
        self, user: str, wanted: Callable[[EmailMessage], bool] | str = "", seconds: float = 20
    ) -> EmailMessage:
        """The first message in the inbox that is `wanted`: a test of it, or (part of) its subject."""
        check = wanted if callable(wanted) else lambda message: wanted in str(message["subject"])
        return wait_for(
            f"mail for {user} matching {wanted!r}",
            lambda: next((message for message in self.mailbox(user) if check(message)), None),
            seconds,
            pause=0.1,
        )

    def settled(self, seconds: float = 20) -> None:
        """Wait until Postfix's queue is empty: everything is delivered or given back."""
        wait_for("Postfix's queue to empty", lambda: self.postfix.queued() == 0, seconds)

    def fresh(self) -> None:
        """Empty mailboxes, no filters, nobody behind the forwarder: what every test starts with."""
        self.forwarder.target = None
        self.greylist.seen.clear()
        self.postfix.purge()
        for user in USERS:
            self.dovecot.sieve(user, "")
            self.dovecot.empty(user)

    def logs(self) -> str:
        """What both wrote."""
        return f"--- Postfix\n{self.postfix.log()}\n--- Dovecot\n{self.dovecot.log()}"
