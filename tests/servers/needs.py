"""What this machine has; tests that need more are skipped with a sentence saying what."""

import os
import shutil
from pathlib import Path

import pytest

PROGRAMS = {
    "postfix": "/usr/sbin/postfix",
    "dovecot": "/usr/sbin/dovecot",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-sieve": "/usr/lib/dovecot/modules/lib90_sieve_plugin.so",
    "chromium": "/usr/bin/chromium",
    "swaks": "/usr/bin/swaks",
    "msmtp": "/usr/bin/msmtp",
    "mutt": "/usr/bin/mutt",
    "nodejs": "/usr/bin/node",
    "node-nodemailer": "/usr/share/nodejs/nodemailer/package.json",
    "thunderbird": "/usr/lib/thunderbird/thunderbird",
    "xvfb": "/usr/bin/Xvfb",
}
HINT = "`make servers` as root installs it"


def require(*packages: str) -> None:
    """Skip unless every Debian package is there."""
    missing = [name for name in packages if not Path(PROGRAMS[name]).exists()]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} ({HINT})")


def require_root(why: str) -> None:
    """Skip unless the tests run as root."""
    if os.geteuid() != 0:
        pytest.skip(f"needs root: {why}")


def has(program: str) -> bool:
    """Whether a program is on the path."""
    return shutil.which(program) is not None
