"""What every process builds from the settings: folder, clock, tokens."""

import socket
from dataclasses import dataclass
from typing import Final

from postlude.adapters.dkim_keys import DkimKeys
from postlude.adapters.quota_files import QuotaFiles
from postlude.app.data_folder import DataFolder
from postlude.config import Settings
from postlude.kit.clock import Clock, SystemClock
from postlude.model.quota import LIMITS, Quota
from postlude.tokens import Prefixes, TokenCodec

LARGE_JOURNAL: Final = "relay-large"
"""Of the relay's large messages: what is in it waits until they are read, and nothing else does."""


@dataclass(frozen=True)
class Parts:
    """The parts that need no database."""

    settings: Settings
    folder: DataFolder
    clock: Clock
    codec: TokenCodec
    prefixes: Prefixes
    dkim: DkimKeys


def own_name(settings: Settings) -> str:
    """This server's name in mail: how it greets, and the domain of ids it makes where a message names none."""
    return settings.server_name or settings.verp_domain or socket.getfqdn()


def build_quotas(parts: Parts) -> QuotaFiles:
    """What logins may submit, and did, by whichever process of this data folder."""
    default = Quota(**{name: getattr(parts.settings, f"relay_{name}") for name in LIMITS})
    return QuotaFiles(parts.folder.quotas, parts.clock, default)


def build_parts(settings: Settings, *, must_write: bool = True) -> Parts:
    """Make the data folder usable and read (or make) the keys; StorageError or SettingError with the remedy."""
    folder = DataFolder(settings.data)
    folder.prepare(must_write=must_write)
    dkim = DkimKeys(folder.dkim)
    dkim.remember()
    return Parts(
        settings,
        folder,
        SystemClock(),
        TokenCodec(folder.key_ring()),
        Prefixes(*settings.edge_prefixes),
        dkim,
    )
