"""Up to where a folder was read is known again after a start."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from postlude.kit.clock import SystemClock
from postlude.services.feedback.folder_position import FolderPosition
from postlude.store import Store, open_store
from support.state_template import sqlite_state


def _position(store: Store, folder: str = "INBOX") -> FolderPosition:
    return FolderPosition(store, "alice", "imap.example.org", folder, SystemClock())


def test_a_position_is_stored_for_its_folder_alone(tmp_path: Path) -> None:
    url = sqlite_state(tmp_path)
    with closing(open_store(url)) as store:
        assert _position(store).get() is None
        _position(store).put(7, 4_000_000_000)
    with closing(open_store(url)) as store:
        found = _position(store).get()
        assert found is not None
        assert found.validity == 7
        assert found.uid == 4_000_000_000
        assert (datetime.now(UTC).date() - found.day).days in {0, 1}
        assert _position(store, "Junk").get() is None
