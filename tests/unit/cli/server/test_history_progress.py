"""Work that the running app does for a command: followed to its end, and told when the app ends first."""

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from postlude.app.data_folder import DataFolder
from postlude.cli.server import history_progress
from postlude.cli.server.history_progress import HistoryCommand, pace_line
from postlude.config import Settings
from postlude.model.errors import PostludeError
from postlude.services.digest.rebuild_all import RebuildProgress

HALF = {"running": True, "done": 5, "total": 10, "events": 50, "seconds": 0.5}
ALL = {"running": False, "done": 10, "total": 10, "events": 100, "seconds": 1.0}
NEW = {"running": False, "done": 0, "total": 0, "events": 0, "seconds": 0.0}
"""What an app that was started anew says: it knows nothing of the work."""

OFFLINE = RebuildProgress(running=False, done=7, total=7, events=70, seconds=1.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    monkeypatch.setattr(history_progress, "_LOOK_SECONDS", 0)
    made = DataFolder(tmp_path)
    made.prepare()
    return made


@contextmanager
def app(folder: DataFolder, answers: list[dict[str, float]]) -> Iterator[list[str]]:
    """An app that gives these answers and is gone; yields what it was asked."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if len(asked) == len(answers):
                folder.control.unlink()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answers[len(asked) - 1]).encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

        def address_string(self) -> str:
            return "a command"

    with UnixStreamServer(str(folder.control), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


def alone() -> Generator[RebuildProgress, None, None]:
    yield OFFLINE


def stopped() -> Generator[RebuildProgress, None, None]:
    yield OFFLINE
    raise KeyboardInterrupt


def run(folder: DataFolder, offline: Callable[[], Generator[RebuildProgress, None, None]] = alone) -> RebuildProgress:
    command = HistoryCommand("rebuild", RebuildProgress, lambda progress: pace_line(progress, "copies"))
    return command.run(Settings(data=folder.root), offline(), quiet=True, since="3")


def test_the_running_app_is_followed_to_its_end(folder: DataFolder) -> None:
    with app(folder, [HALF, HALF, ALL]) as asked:
        done = run(folder)
    assert asked == ["/rebuild?do=start&since=3", "/rebuild?do=look", "/rebuild?do=look"]
    assert done == RebuildProgress(running=False, done=10, total=10, events=100, seconds=1.0)


def test_what_is_done_at_once_is_not_asked_again(folder: DataFolder) -> None:
    with app(folder, [ALL]) as asked:
        run(folder)
    assert len(asked) == 1


def test_without_an_app_the_command_does_it_itself(folder: DataFolder) -> None:
    assert run(folder) == OFFLINE


def test_an_app_that_ends_first_did_not_do_it(folder: DataFolder) -> None:
    with app(folder, [HALF, HALF]), pytest.raises(PostludeError, match=r"stopped before.*`postlude rebuild` continues"):
        run(folder)


def test_an_app_that_was_started_anew_did_not_do_it(folder: DataFolder) -> None:
    with app(folder, [HALF, NEW]), pytest.raises(PostludeError, match=r"stopped before.*`postlude rebuild` continues"):
        run(folder)


def test_who_stops_it_is_told_how_to_continue(folder: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(folder, stopped)
    assert capsys.readouterr().err == "stopped; `postlude rebuild` continues from here\n"


def test_the_line_says_how_long_it_takes() -> None:
    half = RebuildProgress(running=True, done=1_200, total=4_000, events=9, seconds=4.0)
    assert pace_line(half, "copies") == "1,200 of 4,000 copies, 300 a second, 9 s left"


def test_the_line_promises_nothing_before_the_first_step() -> None:
    assert pace_line(RebuildProgress(running=True, done=0, total=4_000, events=0, seconds=0.0), "copies") == (
        "0 of 4,000 copies"
    )
