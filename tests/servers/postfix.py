"""Postfix with its own configuration, queue and ports; the machine's /etc/postfix is never touched."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from servers.process import Child
from servers.waiting import LOOPBACK, free_port, listening, wait_for

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {home}/postfix.log
maillog_file_prefixes = {home}
myhostname = mx.postfix.test
mydomain = postfix.test
myorigin = postfix.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = {loopback}
inet_protocols = ipv4
mynetworks = {loopback}/32
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtpd_client_connection_count_limit = 0
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{loopback}:{sasl}
smtpd_sasl_auth_enable = yes
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {refused} }},
  check_policy_service inet:{loopback}:{policy}, permit
smtpd_data_restrictions = check_recipient_access inline:{{ {at_data} }}
smtpd_end_of_data_restrictions = check_recipient_access inline:{{ {at_end} }}
recipient_delimiter = +
virtual_mailbox_domains = {domains}
virtual_mailbox_maps =
virtual_transport = lmtp:inet:{loopback}:{lmtp}
relay_domains = {routed}
transport_maps = inline:{{ {routes} }}
default_transport = error:5.1.2 unknown domain
message_size_limit = 10240000
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
bounce_queue_lifetime = 30s
maximal_queue_lifetime = 60s
in_flow_delay = 0
delay_warning_time = 2s
header_checks = regexp:{home}/etc/refuse-after-data
smtpd_error_sleep_time = 0
"""

MASTER = """
{smtp}      inet  n  -  n  -  -  smtpd
{submission} inet  n  -  n  -  -  smtpd
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
{broken_tls} inet n  -  n  -  -  smtpd
  -o smtpd_tls_security_level=may
  -o smtpd_tls_cert_file=/nonexistent/certificate.pem
pickup    unix  n  -  n  60 1  pickup
cleanup   unix  n  -  n  -  0  cleanup
qmgr      unix  n  -  n  1  1  qmgr
rewrite   unix  -  -  n  -  -  trivial-rewrite
bounce    unix  -  -  n  -  0  bounce
defer     unix  -  -  n  -  0  bounce
trace     unix  -  -  n  -  0  bounce
verify    unix  -  -  n  -  1  verify
flush     unix  n  -  n  1000? 0 flush
proxymap  unix  -  -  n  -  -  proxymap
smtp      unix  -  -  n  -  -  smtp
relay     unix  -  -  n  -  -  smtp
error     unix  -  -  n  -  -  error
retry     unix  -  -  n  -  -  error
discard   unix  -  -  n  -  -  discard
lmtp      unix  -  -  n  -  -  lmtp
anvil     unix  -  -  n  -  1  anvil
scache    unix  -  -  n  -  1  scache
postlog   unix-dgram n - n - 1 postlogd
"""

QUEUES = {  # name -> owner, group, mode, as Debian's own /var/spool/postfix
    **dict.fromkeys(
        ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"),
        ("postfix", "root", 0o700),
    ),
    "maildrop": ("postfix", "postdrop", 0o1730),
    "public": ("postfix", "postdrop", 0o2710),
    "pid": ("root", "root", 0o755),
}


def _inline(table: Mapping[str, str]) -> str:
    return ", ".join(f"{{ {key} = {value} }}" for key, value in table.items())


class Postfix:
    """One running Postfix.

    `domains` are delivered to LMTP, whoever the user is (so unknown ones bounce by mail); `routes` are domains handed
    to another port; `refused` are domains and addresses with what is done about them at RCPT, `at_data` and `at_end`
    the same at DATA and after the message. `policy` is the port of a policy server asked about every recipient.
    """

    def __init__(
        self,
        home: Path,
        *,
        domains: tuple[str, ...],
        routes: Mapping[str, int],
        refused: Mapping[str, str],
        at_data: Mapping[str, str],
        at_end: Mapping[str, str],
        policy: int,
    ) -> None:
        self.home = home
        self.port, self.submission_port, self.broken_tls_port = free_port(), free_port(), free_port()
        self._at_data, self._at_end, self._policy = at_data, at_end, policy
        self._domains, self._routes, self._refused = domains, routes, refused
        self._config = home / "etc"
        self._child: Child | None = None

    def start(self, lmtp: int, sasl: int) -> None:
        """Write the configuration and start; `ready` waits for it."""
        self._folders()
        values = {
            "home": self.home,
            "loopback": LOOPBACK,
            "lmtp": lmtp,
            "sasl": sasl,
            "domains": ", ".join(self._domains),
            "routed": ", ".join(self._routes),
            "routes": ", ".join(f"{{ {d} = smtp:[{LOOPBACK}]:{port} }}" for d, port in self._routes.items()),
            "refused": _inline(self._refused),
            "at_data": _inline(self._at_data),
            "at_end": _inline(self._at_end),
            "policy": self._policy,
        }
        (self._config / "refuse-after-data").write_text("/^Subject: .*refuse after data/ REJECT I do not take this\n")
        (self._config / "main.cf").write_text(MAIN.format(**values))
        (self._config / "master.cf").write_text(
            MASTER.format(smtp=self.port, submission=self.submission_port, broken_tls=self.broken_tls_port)
        )
        master = "/usr/lib/postfix/sbin/master"
        env = {**os.environ, "MAIL_CONFIG": str(self._config)}
        # master itself, not `postfix start`: that one would detach and check files of the system's own instance
        self._child = Child("postfix", [master, "-c", str(self._config), "-d"], self.home / "postfix.out", env)

    def _folders(self) -> None:
        self._config.mkdir()
        data = self.home / "data"
        data.mkdir(mode=0o700)
        shutil.chown(data, "postfix", "root")
        queue = self.home / "queue"
        queue.mkdir(mode=0o755)
        for name, (owner, group, mode) in QUEUES.items():
            folder = queue / name
            folder.mkdir()
            shutil.chown(folder, owner, group)
            folder.chmod(mode)

    def ready(self) -> None:
        """Wait until both ports answer."""
        child = self._child
        assert child is not None
        try:
            wait_for(
                "Postfix", lambda: child.code is not None or (listening(self.port) and listening(self.submission_port))
            )
            assert child.code is None
        except AssertionError:
            self.stop()
            raise AssertionError(f"Postfix did not start:\n{self.log()}") from None

    def stop(self) -> None:
        """End master and its daemons."""
        if self._child is not None:
            self._child.stop()

    def purge(self) -> None:
        """Forget everything in the queue."""
        if self.queued():
            command = ["/usr/sbin/postsuper", "-c", str(self._config), "-d", "ALL"]
            subprocess.run(command, timeout=20, check=True, capture_output=True)

    def queued(self) -> int:
        """Messages that are still on their way."""
        folders = ("incoming", "active", "deferred")
        return sum(path.is_file() for name in folders for path in (self.home / "queue" / name).rglob("*"))

    def log(self) -> str:
        log = self.home / "postfix.log"
        out = self._child.output() if self._child else ""
        return out + (log.read_text(errors="replace") if log.exists() else "")
