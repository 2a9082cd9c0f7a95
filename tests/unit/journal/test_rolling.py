"""Every writer goes on in a new segment when it is asked to, so that earlier records can be deleted."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from postlude.journal import JournalReader, JournalWriter, Position, not_rolled
from servers.waiting import wait_for


def bytes_under(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*.journal"))


def read_all(reader: JournalReader, done: dict[int, Position]) -> None:
    while records := reader.read(done, 100):
        for record in records:
            done[record.writer] = record.next


class Rolled(NamedTuple):
    """Of two writers that run and one that does not, all were asked to begin a new segment, and did."""

    edge: JournalWriter
    reader: JournalReader
    done: dict[int, Position]


@pytest.fixture
def rolled(tmp_path: Path) -> Iterator[Rolled]:
    with closing(JournalWriter(tmp_path, "gone")) as gone:
        gone.append_blocking(b"robert was here")
    with closing(JournalWriter(tmp_path, "edge")) as edge, closing(JournalWriter(tmp_path, "idle")):
        edge.append_blocking(b"robert as well")
        reader, done = JournalReader(tmp_path), dict[int, Position]()
        read_all(reader, done)
        reader.roll()
        wait_for("the writers", lambda: not not_rolled(tmp_path))
        yield Rolled(edge, reader, done)


def test_all_have_rolled_once_the_new_segments_are_read(rolled: Rolled) -> None:
    before = rolled.reader.rolled(rolled.done)  # the first record of the new segments is not read yet
    read_all(rolled.reader, rolled.done)
    assert not before
    assert rolled.reader.rolled(rolled.done)


def test_earlier_records_of_all_writers_can_be_deleted(rolled: Rolled, tmp_path: Path) -> None:
    read_all(rolled.reader, rolled.done)
    rolled.reader.trim(rolled.done, 0)
    assert b"robert" not in bytes_under(tmp_path)


def test_a_writer_goes_on_in_its_new_segment(rolled: Rolled) -> None:
    read_all(rolled.reader, rolled.done)
    position = rolled.edge.append_blocking(b"goes on")
    assert rolled.reader.read(rolled.done, 10)[-1].position == position


def test_a_writer_that_does_not_look_is_named(tmp_path: Path) -> None:
    class Asleep:
        def start(self, name: str, work: Callable[[], None]) -> None:
            del name
            self.work = work

        def wake(self) -> None:
            """Asleep."""

        def stop(self) -> None:
            self.work()

    with closing(JournalWriter(tmp_path, "edge")) as edge:
        edge.append_blocking(b"robert")
    asleep = Asleep()
    with closing(JournalWriter(tmp_path, "edge", committer=asleep)):
        reader = JournalReader(tmp_path)
        reader.roll()
        assert not_rolled(tmp_path) == ["edge"]
        assert not reader.rolled({})
    assert not_rolled(tmp_path) == []  # its last work was to do as it was asked


def test_a_request_of_before_the_start_asks_nothing_more(tmp_path: Path) -> None:
    with closing(JournalWriter(tmp_path, "edge")) as edge:
        edge.append_blocking(b"1")
    JournalReader(tmp_path).roll()
    with closing(JournalWriter(tmp_path, "edge")) as edge:
        edge.append_blocking(b"2")
        segments = len(list(tmp_path.rglob("*.journal")))
    with closing(JournalWriter(tmp_path, "edge")):
        pass
    assert len(list(tmp_path.rglob("*.journal"))) == segments
