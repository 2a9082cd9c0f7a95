"""Settings: one strict table, read from the environment and a TOML file."""

from postlude.config.load import PREFIX, load, table
from postlude.config.mailboxes import ImapAccount
from postlude.config.servers import SmtpServer
from postlude.config.service_manager import child_environment, service_manager
from postlude.config.table import SANDBOX_DOMAIN, Settings

__all__ = [
    "PREFIX",
    "SANDBOX_DOMAIN",
    "ImapAccount",
    "Settings",
    "SmtpServer",
    "child_environment",
    "load",
    "service_manager",
    "table",
]
