"""A command that asks the app while there is none, while it starts, and while it cannot answer."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from postlude.app.data_folder import DataFolder
from postlude.cli import control_client
from postlude.cli.control_client import ask
from postlude.config import Settings
from postlude.model.errors import InUseError


class Answers(BaseHTTPRequestHandler):
    """The control socket of an app, as far as a client sees it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"asked": "%s"}' % self.path.encode())

    def log_message(self, *_: object) -> None:
        """Silent."""

    def address_string(self) -> str:
        return "a command"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.prepare()
    return made


@contextmanager
def app(folder: DataFolder, after_s: float) -> Iterator[None]:
    """What starts the app holds its lock at once; the app answers some seconds later."""

    def start() -> None:
        time.sleep(after_s)
        server.append(UnixStreamServer(str(folder.control), Answers))
        server[0].serve_forever(poll_interval=0.05)

    server: list[UnixStreamServer] = []
    thread = threading.Thread(target=start)
    with closing(folder.lock_for_supervisor()):
        thread.start()
        yield
        server[0].shutdown()
        thread.join()
        server[0].server_close()


def test_without_an_app_there_is_no_answer(folder: DataFolder) -> None:
    assert ask(Settings(data=folder.root), "timeline", query="x") is None


def test_an_app_that_is_starting_is_waited_for(
    folder: DataFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_client, "_SILENT_SECONDS", 0)
    with app(folder, after_s=0.5):
        assert ask(Settings(data=folder.root), "timeline", query="x") == {"asked": "/timeline?query=x"}
    assert capsys.readouterr().err.count("is starting: waiting for its answer") == 1


def test_one_that_has_the_folder_and_never_answers_is_named(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_client, "_STARTING_SECONDS", 0.3)
    with closing(folder.lock()), pytest.raises(InUseError, match=r"process \d+.*does not answer yet.*postlude check"):
        ask(Settings(data=folder.root), "timeline", query="x")
