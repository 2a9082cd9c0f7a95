"""`postlude doctor` over a folder that was used: every kind of damage has a name, and nothing is deleted."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chaos.history import Driver
from chaos.node import settings_of
from postlude.app.commands.doctor import examine_folder, repair_folder
from postlude.app.data_folder import DataFolder
from postlude.edge.lists import PublicList, write_lists
from postlude.edge.revoked import write_revoked
from postlude.model.errors import InUseError, SettingError
from servers.commands import run


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which mail was sent and opened, stopped in order."""
    folder = tmp_path_factory.mktemp("used")
    Driver(folder, 5, plain=True).run(rounds=0)
    return folder / "data"


@pytest.fixture
def data(tmp_path: Path, used: Path) -> Path:
    shutil.copytree(used, tmp_path / "data")
    return tmp_path / "data"


def _states(data: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in examine_folder(settings_of(data)):
        found[one.name] = "damaged" if "damaged" in {one.state, found.get(one.name)} else one.state
    return found


def _flip(path: Path, at: float = 0.5) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 4
    path.write_bytes(content)


def _overwrite(path: Path, size: int) -> None:
    """`size` bytes in the middle are others."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + size] = os.urandom(len(content[middle : middle + size]))
    path.write_bytes(content)


def _only(data: Path, pattern: str) -> Path:
    return min(data.glob(pattern))


def test_a_whole_folder_is_whole(data: Path) -> None:
    assert set(_states(data).values()) == {"whole"}


def test_looking_changes_nothing(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    examine_folder(settings_of(data))
    after = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    changed = {path.name for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {"state.sqlite", "state.sqlite-wal", "state.sqlite-shm"}  # SQLite's own, when it is opened


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("journal mail", lambda data: _flip(_only(data, "journal/mail/*.journal"))),
        ("journal edge", lambda data: shutil.rmtree(data / "journal" / "edge")),
        ("state", lambda data: (data / "state.sqlite").write_bytes(b"no database" * 100)),
        ("state", lambda data: (data / "state.sqlite").unlink()),
        ("state", lambda data: os.truncate(data / "state.sqlite", 6000)),
        ("state", lambda data: os.truncate(data / "state.sqlite", 0)),
        ("state", lambda data: _overwrite(data / "state.sqlite", 3000)),
        ("history", lambda data: _overwrite(data / "history.duckdb", 20_000)),
        ("history", lambda data: os.truncate(data / "history.duckdb", 6000)),
        ("keys", lambda data: (data / "keys.json").write_text("")),
        ("journal mail", lambda data: _flip(_only(data, "journal/mail/*.journal"), 0.99)),
        ("stored mail", lambda data: _only(data, "spool/out/*/*.eml").write_bytes(b"")),
        ("stored mail", lambda data: _flip(_only(data, "spool/out/*/*.eml"))),
        ("history", lambda data: (data / "history.duckdb").write_bytes(b"no history")),
        ("history", lambda data: (data / "history.duckdb").unlink()),
        ("keys", lambda data: (data / "keys.json").unlink()),
        ("keys", lambda data: (data / "keys.json").write_text("{}")),
    ],
)
def test_each_kind_of_damage_is_found(data: Path, name: str, harm: Callable[[Path], object]) -> None:
    harm(data)
    assert _states(data)[name] == "damaged"


def test_what_is_made_anew_at_a_start_needs_attention_alone(data: Path) -> None:
    write_revoked(data / "revoked.bin", [1], [])
    write_lists(data / "lists.json", (PublicList("1", "News"),))
    (data / "logins.json").write_bytes(b"[]")
    _flip(data / "revoked.bin", 0.9)
    (data / "lists.json").write_bytes((data / "lists.json").read_bytes()[:9])
    states = _states(data)
    assert {name: states.pop(name) for name in ("revoked.bin", "lists.json", "logins.json")} == dict.fromkeys(
        ("revoked.bin", "lists.json", "logins.json"), "attention"
    )
    assert set(states.values()) == {"whole"}


def test_repairing_quarantines_and_deletes_nothing(data: Path) -> None:
    _flip(_only(data, "spool/out/*/*.eml"))
    (data / "history.duckdb").write_bytes(b"no history")
    before = sum(path.is_file() for path in data.rglob("*"))
    moved = repair_folder(settings_of(data))
    assert len(moved) == 2
    assert sum(path.is_file() for path in data.rglob("*")) >= before
    assert (data / "history.duckdb").exists() is False


_LINKED = ("state.sqlite-wal", "history.duckdb", "quotas/0000000000000007")


@pytest.mark.parametrize("name", _LINKED)
def test_what_is_a_link_to_itself_is_named_and_set_aside(data: Path, name: str) -> None:
    path = data / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(path)
    told = [one for one in examine_folder(settings_of(data)) if one.state == "damaged"]
    assert any(str(path) in one.text for one in told)
    assert any(path.name in text for text in repair_folder(settings_of(data)))
    assert not path.is_symlink()
    assert list(path.parent.glob(f"{path.name}.damaged-*"))


def test_a_log_that_cannot_be_opened_costs_no_more_than_itself(data: Path) -> None:
    (data / "state.sqlite-wal").symlink_to(data / "state.sqlite-wal")
    before = (data / "state.sqlite").stat().st_ino
    repair_folder(settings_of(data))
    assert (data / "state.sqlite").stat().st_ino == before
    assert _states(data)["state"] == "whole"


def test_nothing_is_repaired_while_postlude_runs(data: Path) -> None:
    with closing(DataFolder(data).lock()), pytest.raises(InUseError):
        repair_folder(settings_of(data))


def test_missing_keys_in_a_used_folder_stop_the_start(data: Path) -> None:
    (data / "keys.json").unlink()
    with pytest.raises(SettingError, match="Restore it from a backup"):
        DataFolder(data).key_ring()
    assert not (data / "keys.json").exists()


def test_a_new_folder_gets_keys(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    folder.key_ring()
    assert folder.keys.is_file()


@pytest.mark.parametrize(("harm", "code"), [(False, 0), (True, 1)])
def test_the_exit_code_says_whether_all_is_whole(data: Path, harm: bool, code: int) -> None:
    if harm:
        _flip(_only(data, "journal/mail/*.journal"))
    assert run("doctor", settings={"data": data}).code == code


def test_sending_is_held_and_goes_on_at_a_word(data: Path) -> None:
    settings = {"data": data}
    assert run("resume-sending", "--yes", settings=settings).code == 2
    assert run("hold-sending", "put back", settings=settings).code == 0
    assert "put back" in run("doctor", settings=settings).out
    assert run("resume-sending", "--yes", settings=settings).code == 0
    assert run("resume-sending", "--yes", settings=settings).code == 2


def test_what_was_told_is_shown_until_it_is_read(data: Path) -> None:
    settings = {"data": data}
    run("hold-sending", "put back", settings=settings)
    run("resume-sending", "--yes", settings=settings)
    assert run("doctor", settings=settings).code == 8
    assert run("doctor", "--seen", settings=settings).code == 0
