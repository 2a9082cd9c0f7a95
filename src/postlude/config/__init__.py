"""Settings: one strict table, read from the environment and a TOML file."""

from postlude.config.load import PREFIX, load, table
from postlude.config.servers import SmtpServer
from postlude.config.table import SANDBOX_DOMAIN, Settings

__all__ = ["PREFIX", "SANDBOX_DOMAIN", "Settings", "SmtpServer", "load", "table"]
