"""`postlude doctor`, composed: the files and keys of this installation, for `services/integrity/doctor.py`."""

from contextlib import closing
from functools import partial
from pathlib import Path

from postlude.adapters.dkim_keys import DkimKeys
from postlude.adapters.quota_files import QuotaFiles
from postlude.app.data_folder import DataFolder
from postlude.config import Settings
from postlude.edge.lists import read_lists
from postlude.edge.revoked import read_revoked
from postlude.kit.clock import SystemClock
from postlude.model.quota import Quota
from postlude.services.accounts.login_copy import LoginCopy, read_login_copy
from postlude.services.integrity import doctor
from postlude.services.integrity.doctor import Counters, Diagnosis, ExaminedStores, RemadeFile, SpoolPlace
from postlude.store import sqlite_file


def examine_folder(settings: Settings) -> list[Diagnosis]:
    """Examine everything, in the order of repair. Never raises for damage."""
    return doctor.examine_stores(_stores(settings))


def repair_folder(settings: Settings) -> list[str]:
    """Rename files that cannot be read, and return their new paths; InUseError while Postlude runs."""
    with closing(DataFolder(settings.data).lock()):
        return doctor.repair_stores(_stores(settings), SystemClock())


def _stores(settings: Settings) -> ExaminedStores:
    folder = DataFolder(settings.data)
    quotas = QuotaFiles(folder.quotas, SystemClock(), Quota())
    return ExaminedStores(
        database=settings.database,
        state=sqlite_file(settings.database),
        history=folder.history,
        journal=folder.journal,
        spool_out=folder.spool_out,
        keys=folder.keys,
        used=folder.was_used(),
        read_keys=partial(_known_keys, folder),
        read_forgotten_key=lambda: folder.forgotten_key(make=False),
        remade=(
            RemadeFile(folder.revoked, read_revoked),
            RemadeFile(folder.lists, read_lists),
            RemadeFile(folder.logins, _logins),
        ),
        folder=folder.problems,
        spools=tuple(SpoolPlace(*one) for one in folder.spools),
        signing=DkimKeys(folder.dkim).problems,
        quotas=Counters(quotas.problems, quotas.quarantine_unusable),
    )


def _known_keys(folder: DataFolder) -> str:
    ring = folder.key_ring()
    waiting = folder.waiting_key()
    then = f", key {waiting} waits to sign" if waiting else ""
    return f"{len(ring.ids())} verify, key {ring.current} signs{then}"


def _logins(path: Path) -> LoginCopy:
    return read_login_copy(path, 0)
