import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postlude.kit.files import create_durably, lock_file, locked, make_folder, replace_durably

HOLDER = (
    "import sys; from pathlib import Path; from postlude.kit.files import lock_file\n"
    "lock_file(Path(sys.argv[1]), mode=0o600); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.txt"


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may become larger than 100 bytes: the system refuses the rest, as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was brought to stable storage, in order, and whether the new file had its name by then."""
    order = []
    real = os.fsync

    def fsync(fd: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file"
        order.append(f"{kind} {'after' if path.exists() else 'before'} the name")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return order


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


def test_the_new_content_takes_the_place_of_the_old(path: Path) -> None:
    path.write_bytes(b"old")
    replace_durably(path, b"new", mode=0o640)
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("write", [replace_durably, create_durably])
def test_the_bytes_are_on_the_disk_before_the_name_and_the_name_after(
    path: Path, synced: list[str], write: Callable[..., None]
) -> None:
    write(path, b"new", mode=0o640)
    assert synced == ["file before the name", "folder after the name"]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_new_file_is_as_private_as_asked_also_over_an_open_one(path: Path, mode: int) -> None:
    path.write_bytes(b"old")
    path.chmod(0o666)
    replace_durably(path, b"new", mode=mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="too large"):
        replace_durably(path, bytes(1000), mode=0o640)
    assert [(each.name, each.read_bytes()) for each in path.parent.iterdir()] == [(path.name, b"old")]


def test_a_pattern_never_finds_a_half_written_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Path] = []
    real = os.fsync

    def look(fd: int) -> None:
        found.extend(path.parent.glob("*.txt"))
        real(fd)

    monkeypatch.setattr(os, "fsync", look)
    create_durably(path, b"new", mode=0o640)
    assert found == [path]  # by the sync of the folder; not by that of the bytes


def test_a_maildir_is_written_through_its_tmp(tmp_path: Path, synced: list[str]) -> None:
    for name in ("tmp", "new"):
        (tmp_path / name).mkdir()
    replace_durably(tmp_path / "new" / "mail", b"mail", mode=0o600, through=tmp_path / "tmp")
    assert [each.relative_to(tmp_path) for each in tmp_path.rglob("*") if each.is_file()] == [Path("new/mail")]
    assert len(synced) == 2


def test_creating_leaves_a_file_that_is_there(path: Path) -> None:
    path.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        create_durably(path, b"second", mode=0o640)
    assert [(each.name, each.read_bytes()) for each in path.parent.iterdir()] == [(path.name, b"first")]


@pytest.mark.usefixtures("holder")
def test_a_lock_of_another_process_is_not_waited_for_longer_than_asked(path: Path) -> None:
    with pytest.raises(BlockingIOError):
        lock_file(path, mode=0o600, patience_s=0.05)


def test_a_lock_is_had_when_the_other_process_ends(path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin
    holder.stdin.close()
    with locked(path, mode=0o600):
        assert holder.wait(10) == 0


def test_a_lock_ends_with_its_block(path: Path) -> None:
    with locked(path, mode=0o600), pytest.raises(BlockingIOError):
        lock_file(path, mode=0o600, patience_s=0)
    os.close(lock_file(path, mode=0o600, patience_s=0))


def test_a_refused_lock_keeps_no_descriptor_open(path: Path) -> None:
    with locked(path, mode=0o600):
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
        with pytest.raises(BlockingIOError):
            lock_file(path, mode=0o600, patience_s=0)
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - a count


def test_a_folder_in_place_of_a_file_that_is_written_is_set_aside(path: Path) -> None:
    path.mkdir()
    (path / "inside").write_bytes(b"kept")
    replace_durably(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    [quarantined] = path.parent.glob("file.txt.damaged-*")
    assert (quarantined / "inside").read_bytes() == b"kept"


def test_a_folder_in_place_of_a_lock_is_set_aside(path: Path) -> None:
    path.mkdir()
    with locked(path, mode=0o600):
        assert path.is_file()
    assert len(list(path.parent.glob("file.txt.damaged-*"))) == 1


def test_a_link_to_a_folder_is_replaced_and_the_folder_stays(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    replace_durably(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert (tmp_path / "elsewhere").is_dir()


@pytest.mark.parametrize("where", ["a", "a/b"])
def test_a_file_in_place_of_a_folder_is_quarantined(tmp_path: Path, where: str) -> None:
    (tmp_path / where).parent.mkdir(exist_ok=True)
    (tmp_path / where).write_text("in the way")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert [path.read_text() for path in tmp_path.rglob("*.damaged-*")] == ["in the way"]


def test_a_link_that_leads_nowhere_may_be_a_disk_that_is_not_mounted(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "disk")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


def test_a_link_to_itself_in_place_of_a_lock_is_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.symlink_to(path)
    os.close(lock_file(path, mode=0o600, patience_s=0))
    assert path.is_file()
    assert [one.is_symlink() for one in tmp_path.glob("lock.damaged-*")] == [True]
