"""What a login submitted counts at once, for every process and whichever way."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from postlude.adapters.quota_files import QuotaFiles
from postlude.model.errors import QuotaError
from postlude.model.quota import Quota

HOUR = 3_600_000_000
DAY = 24 * HOUR
BERT, CARL = 7, 8


class Settable:
    at = 2_000_000 * HOUR

    def now(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Settable:
    return Settable()


def _files(folder: Path, clock: Settable, **quota: int) -> QuotaFiles:
    return QuotaFiles(folder / "quotas", clock, Quota(**quota))


def test_the_message_that_is_too_many_is_refused_with_its_time(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, messages_per_hour=2)
    files.take(BERT, None, 1)
    files.take(BERT, None, 1)
    with pytest.raises(QuotaError, match=r"takes 2 messages an hour; try again after .* UTC"):
        files.take(BERT, None, 1)


def test_recipients_count_as_well(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, recipients_per_day=3)
    files.take(BERT, None, 2)
    assert "3 recipients a day" in files.refusal(BERT, None, 2)
    assert not files.refusal(BERT, None, 1)


def test_another_process_sees_it_at_once(tmp_path: Path, clock: Settable) -> None:
    one, other = (_files(tmp_path, clock, messages_per_day=1) for _ in range(2))
    one.take(BERT, None, 1)
    assert other.refusal(BERT, None, 1)


def test_of_many_at_once_as_many_pass_as_there_is_room_for(tmp_path: Path, clock: Settable) -> None:
    everybody = [_files(tmp_path, clock, recipients_per_hour=10) for _ in range(4)]

    def attempt(number: int) -> bool:
        try:
            everybody[number % 4].take(BERT, None, 1)
        except QuotaError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(100))) == 10


def test_what_is_over_is_not_counted(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, recipients_per_day=3)
    with pytest.raises(QuotaError):
        files.take(BERT, None, 4)
    files.take(BERT, None, 3)


def test_what_was_not_accepted_after_all_is_taken_back(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, messages_per_day=1)
    files.take(BERT, None, 1)()
    assert not files.refusal(BERT, None, 1)


def test_everybody_has_their_own(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, messages_per_day=1)
    files.take(BERT, None, 1)
    assert not files.refusal(CARL, None, 1)


def test_a_users_own_limit_stands_before_the_usual_one(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, messages_per_day=100)
    files.take(BERT, {"messages_per_day": 1}, 1)
    assert files.refusal(BERT, {"messages_per_day": 1}, 1)
    assert not files.refusal(BERT, {"messages_per_day": 0}, 1)


def test_without_limits_nothing_is_refused_and_all_is_counted(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock)
    files.take(BERT, None, 1_000)
    assert files.refusal(BERT, {"recipients_per_day": 1_000}, 1)


@pytest.mark.parametrize(("later", "refused"), [(0, True), (50 * HOUR // 60, True), (2 * HOUR, False)])
def test_an_hour_slides(tmp_path: Path, clock: Settable, later: int, refused: bool) -> None:
    files = _files(tmp_path, clock, messages_per_hour=1)
    files.take(BERT, None, 1)
    clock.at += later
    assert bool(files.refusal(BERT, None, 1)) is refused


def test_the_file_stays_small(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock, messages_per_day=10_000)
    for _ in range(1_000):
        files.take(BERT, None, 1)
        clock.at += HOUR // 12
    (file,) = (tmp_path / "quotas").iterdir()
    assert file.stat().st_size < 3_000
    assert file.stat().st_mode & 0o077 == 0


def test_what_was_counted_while_the_clock_was_ahead_counts_when_that_moment_comes(
    tmp_path: Path, clock: Settable
) -> None:
    files = _files(tmp_path, clock, messages_per_day=1)
    clock.at += HOUR
    files.take(BERT, None, 1)
    clock.at -= HOUR
    assert not files.refusal(BERT, None, 1)
    clock.at += 2 * HOUR
    assert files.refusal(BERT, None, 1)


@pytest.mark.parametrize("content", [b"x", bytes(24), b"\xff" * 12, b""])
def test_a_damaged_file_stops_nobody(tmp_path: Path, clock: Settable, content: bytes) -> None:
    files = _files(tmp_path, clock, messages_per_day=1)
    files.take(CARL, None, 1)
    (tmp_path / "quotas" / f"{BERT:016x}").write_bytes(content)
    files.take(BERT, None, 1)
    assert files.refusal(BERT, None, 1)


def _folder_for_the_file(root: Path) -> None:
    (root / f"{BERT:016x}").mkdir(parents=True)


def _file_for_the_folder(root: Path) -> None:
    root.write_bytes(b"x")


def _loop_for_the_file(root: Path) -> None:
    root.mkdir()
    (root / f"{BERT:016x}").symlink_to(root / f"{BERT:016x}")


def _loop_for_the_folder(root: Path) -> None:
    root.symlink_to(root)


def _link_to_nothing(root: Path) -> None:
    root.symlink_to(root.parent / "not-mounted")


_DAMAGES = [_folder_for_the_file, _file_for_the_folder, _loop_for_the_file, _loop_for_the_folder, _link_to_nothing]


@pytest.mark.parametrize("damage", _DAMAGES)
def test_whatever_is_in_place_of_a_file_mail_goes_on_and_is_counted(
    tmp_path: Path, clock: Settable, damage: Callable[[Path], None]
) -> None:
    damage(tmp_path / "quotas")
    files = _files(tmp_path, clock, messages_per_day=2)
    assert not files.refusal(BERT, None, 1)
    files.take(BERT, None, 1)
    assert not files.refusal(BERT, None, 1)
    files.take(BERT, None, 1)
    with pytest.raises(QuotaError):
        files.take(BERT, None, 1)
    assert files.refusal(BERT, None, 1)


@pytest.mark.parametrize("damage", _DAMAGES)
def test_what_cannot_be_used_is_told_until_it_is_quarantine_unusable(
    tmp_path: Path, clock: Settable, damage: Callable[[Path], None]
) -> None:
    root = tmp_path / "quotas"
    damage(root)
    files = _files(tmp_path, clock, messages_per_day=2)
    (text,) = files.problems()
    assert str(root) in text
    assert "doctor --repair" in text
    (kept,) = files.quarantine_unusable()
    assert "damaged-" in kept.name
    files.take(BERT, None, 1)
    assert files.problems() == []


def test_what_was_counted_in_memory_counts_when_the_file_is_back(tmp_path: Path, clock: Settable) -> None:
    root = tmp_path / "quotas"
    files = _files(tmp_path, clock, messages_per_day=3)
    files.take(BERT, None, 1)
    root.rename(tmp_path / "elsewhere")
    root.symlink_to(root)
    files.take(BERT, None, 1)
    root.unlink()
    (tmp_path / "elsewhere").rename(root)
    files.take(BERT, None, 1)
    other = _files(tmp_path, clock, messages_per_day=2)
    assert other.refusal(BERT, None, 1)


def test_a_whole_folder_has_no_problems(tmp_path: Path, clock: Settable) -> None:
    files = _files(tmp_path, clock)
    assert files.problems() == []
    files.take(BERT, None, 1)
    (tmp_path / "quotas" / "notes.txt").mkdir()
    assert files.problems() == []
