"""Withdrawn tracking and changed links, on their way from the state to the edges."""

from functools import partial
from pathlib import Path

from postlude.app.data_folder import DataFolder
from postlude.edge.lists import PublicList, write_lists
from postlude.edge.revoked import write_revoked
from postlude.kit.files import locked
from postlude.kit.ids import id_text
from postlude.services.privacy.withdrawals import Revoker
from postlude.store import Store


def build_revoker(data: Path, store: Store) -> Revoker:
    """Return the writer that keeps the edges' files in the data folder equal to the state."""
    path = DataFolder(data).revoked
    return Revoker(
        store.privacy,
        partial(write_revoked, path),
        # Who reads the state later writes the file later, whichever process it is.
        partial(locked, path.with_name(f"{path.name}.lock"), mode=0o600),
        partial(_offer_lists, data, store),
    )


def _offer_lists(data: Path, store: Store) -> None:
    """Write the present public lists for the edges' preferences pages."""
    offered = tuple(PublicList(id_text(one.id), one.name, one.description) for one in store.lists.public())
    write_lists(DataFolder(data).lists, offered)
