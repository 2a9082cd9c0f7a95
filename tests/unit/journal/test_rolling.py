"""Every writer goes on in a new segment when it is asked to, so that what was said before can be deleted."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from postlude.journal import JournalReader, JournalWriter, Position, not_rolled
from servers.waiting import wait_for


def bytes_under(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*.journal"))


def read_all(reader: JournalReader, done: dict[int, Position]) -> None:
    while records := reader.read(done, 100):
        for record in records:
            done[record.writer] = record.next


def test_writers_that_run_and_those_that_do_not_begin_a_new_segment(tmp_path: Path) -> None:
    with closing(JournalWriter(tmp_path, "gone")) as gone:
        gone.append_blocking(b"robert was here")
    with closing(JournalWriter(tmp_path, "edge")) as edge, closing(JournalWriter(tmp_path, "idle")):
        edge.append_blocking(b"robert as well")
        reader, done = JournalReader(tmp_path), dict[int, Position]()
        read_all(reader, done)
        reader.roll()
        wait_for("the writers", lambda: not not_rolled(tmp_path))
        assert not reader.rolled(done)  # the first record of the new segments is not read yet
        read_all(reader, done)
        assert reader.rolled(done)
        reader.trim(done, 0)
        assert b"robert" not in bytes_under(tmp_path)
        position = edge.append_blocking(b"goes on")
        assert reader.read(done, 10)[-1].position == position


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
