"""Dovecot with its own configuration: LMTP in, IMAP out, Sieve between, logins for Postfix."""

import contextlib
import imaplib
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from servers.process import Child
from servers.waiting import LOOPBACK, free_port, listening, wait_for

CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
listen = {loopback}
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login{mechanisms}
auth_verbose = yes
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
recipient_delimiter = +
{more}passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {home}/users
  default_fields = uid=nobody gid=nogroup home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {loopback}
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    address = {loopback}
    port = {sasl}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  client_limit = 200
}}
submission_host = {loopback}:{submission}
postmaster_address = postmaster@sender.test
protocol lmtp {{
  mail_plugins = sieve quota
}}
plugin {{
  quota = maildir:User quota
  sieve = file:{home}/mail/%u/sieve;active={home}/mail/%u/.sieve
}}
"""


OAUTH = """passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2.conf
}}
"""


class Dovecot:
    """One running Dovecot. `users` are addresses with their password."""

    def __init__(self, home: Path, users: Mapping[str, str], submission: int, tokens: str = "") -> None:
        """`tokens`: the address that knows about OAuth access tokens; XOAUTH2 is offered then."""
        self.home = home
        self.imap_port, self.lmtp_port, self.sasl_port = free_port(), free_port(), free_port()
        self._users = users
        for folder in ("run", "state", "mail"):
            (home / folder).mkdir(mode=0o755)
        shutil.chown(home / "mail", "nobody", "nogroup")
        (home / "users").write_text("".join(map(_entry, users.items())))
        (home / "oauth2.conf").write_text(
            f"tokeninfo_url = {tokens}\nusername_attribute = email\nactive_attribute = active\nactive_value = yes\n"
        )
        config = home / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                home=home,
                loopback=LOOPBACK,
                imap=self.imap_port,
                lmtp=self.lmtp_port,
                sasl=self.sasl_port,
                submission=submission,
                mechanisms=" xoauth2" if tokens else "",
                more=OAUTH.format(home=home) if tokens else "",
            )
        )
        self._child = Child("dovecot", ["/usr/sbin/dovecot", "-F", "-c", config], home / "dovecot.out")

    def ready(self) -> None:
        """Wait until all ports answer."""
        ports = (self.imap_port, self.lmtp_port, self.sasl_port)
        try:
            wait_for("Dovecot", lambda: self._child.code is not None or all(map(listening, ports)))
            assert self._child.code is None
        except AssertionError:
            self.stop()
            raise AssertionError(f"Dovecot did not start:\n{self.log()}") from None

    def stop(self) -> None:
        self._child.stop(signal.SIGTERM)

    def log(self) -> str:
        log = self.home / "dovecot.log"
        return self._child.output() + (log.read_text(errors="replace") if log.exists() else "")

    @contextlib.contextmanager
    def imap(self, user: str) -> Iterator[imaplib.IMAP4]:
        """A logged-in connection."""
        connection = imaplib.IMAP4(LOOPBACK, self.imap_port, timeout=10)
        try:
            connection.login(user, self._users[user])
            yield connection
        finally:
            connection.logout()

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """The processes that serve those who have logged in do nothing meanwhile."""
        serving = wait_for("a connection", lambda: _serving(self._child.pid))
        for pid in serving:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in serving:
                os.kill(pid, signal.SIGCONT)

    def messages(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """Raw messages of a mailbox, oldest first, left unread."""
        with self.imap(user) as connection:
            if connection.select(folder, readonly=True)[0] != "OK":
                return []
            numbers = connection.search(None, "ALL")[1][0].split()
            return [_body(connection.fetch(number.decode(), "(BODY.PEEK[])")[1]) for number in numbers]

    def empty(self, user: str) -> None:
        """Remove every message of the inbox."""
        with self.imap(user) as connection:
            if connection.select("INBOX")[1] == [b"0"]:
                return
            connection.store("1:*", "+FLAGS", r"(\Deleted)")
            connection.expunge()

    def sieve(self, user: str, script: str) -> None:
        """Set the user's filter; an empty script removes it."""
        home = self.home / "mail" / user
        if not home.exists():
            home.mkdir()
            shutil.chown(home, "nobody", "nogroup")
        path = home / ".sieve"
        for old in (path, path.with_suffix(".svbin"), home / ".sieve.svbin"):
            old.unlink(missing_ok=True)
        if script:
            path.write_text(script)
            shutil.chown(path, "nobody", "nogroup")


def _entry(user: tuple[str, str]) -> str:
    """A line of the users' file; whose name begins with `full` has no room left."""
    name, password = user
    return f"{name}:{password}::::::{'userdb_quota_rule=*:bytes=10' if name.startswith('full') else ''}\n"


def _serving(master: int) -> list[int]:
    """The processes after the login."""
    children = map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split())
    return [pid for pid in children if Path(f"/proc/{pid}/comm").read_text().strip() == "imap"]


def _body(answer: Sequence[object]) -> bytes:
    for part in answer:
        if isinstance(part, tuple):
            return bytes(part[1])
    raise AssertionError(f"no message in {answer!r}")
