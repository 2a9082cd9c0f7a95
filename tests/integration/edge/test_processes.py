"""`postlude edge` as it is run: alone, several on one port, without a database, found again after a kill."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from postlude.app.data_folder import DataFolder
from postlude.journal import JournalReader
from postlude.kit.ids import id_text
from postlude.tokens import DEAD_TOKEN, Kind, TokenCodec, Urls
from servers.waiting import wait_for
from support.present import present

POSTLUDE = (sys.executable, "-m", "postlude")
NO_PLACE_HERE = ("sqlalchemy", "duckdb", "sqlite3", "psycopg", "fastapi", "aiosmtpd", "alembic", "jinja2")


class Running:
    """A `postlude edge` and its data folder."""

    def __init__(self, folder: Path, *arguments: str, prefix: Sequence[str] = (), **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data = DataFolder(folder)
        self.data.prepare(must_write=False)
        self.codec = TokenCodec(self.data.key_ring())
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("POSTLUDE_")},
            "POSTLUDE_DATA": str(folder),
            "POSTLUDE_EDGE_PORT": str(self.port),
            **{f"POSTLUDE_{name.upper()}": value for name, value in settings.items()},
        }
        self.process = subprocess.Popen([*prefix, *POSTLUDE, "edge", *arguments], env=self.environment)
        self.wait()

    def wait(self) -> None:
        for _ in range(200):
            try:
                self.health()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the edge does not answer")

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Connection": "close"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bytes(answer.read())

    def health(self) -> dict[str, Any]:
        return dict(json.loads(self.get("/healthz")))

    def children(self) -> list[int]:
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(word) for thread in threads for word in thread.read_text().split()]

    def records(self) -> dict[int, int]:
        reader = JournalReader(self.data.journal)
        found: dict[int, int] = {}
        for record in reader.read({}, 100_000):
            found[record.position.writer] = found.get(record.position.writer, 0) + 1
        reader.close()
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[type[Running]]:
    started: list[Running] = []

    class Kept(Running):
        def __init__(self, *arguments: str, **settings: str) -> None:
            super().__init__(tmp_path / "data", *arguments, **settings)
            started.append(self)

    yield Kept
    for one in started:
        if one.process.poll() is None:
            one.stop()


def test_several_share_the_port_and_each_has_its_journal(run: Callable[..., Running]) -> None:
    edge = run("--processes", "2")
    urls = Urls(edge.codec, "", Kind.MESSAGE, 1)
    edge.wait()
    pixel = urls.token(1).join(urls.pixel())
    answers = []

    def both_answered() -> bool:
        answers.append(edge.get(pixel))
        return len(edge.records()) == 2

    wait_for("both to answer", both_answered)
    assert all(answer.startswith(b"GIF89a") for answer in answers)
    assert sum(edge.records().values()) == len(answers)
    assert set(edge.health()["edges"]) == {"edge", "edge-2"}
    for victim in edge.children():
        os.kill(victim, signal.SIGKILL)
        for _ in range(20):  # some wait until the dead one is there again
            assert edge.get(pixel).startswith(b"GIF89a")
        assert victim not in edge.children()
        assert len(edge.children()) == 2
    assert sum(edge.records().values()) == len(answers) + 40
    assert edge.stop() == 0


def test_a_taken_port_is_said_also_when_it_would_be_shared(run: Callable[..., Running]) -> None:
    edge = run("--processes", "2")
    again = subprocess.run(
        [*POSTLUDE, "edge", "--processes", "2"],
        env=edge.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert again.returncode == 4
    assert re.search(r"port \d+ on 127.0.0.1 is already in use", again.stderr)


def test_it_is_small_and_knows_no_database(run: Callable[..., Running]) -> None:
    edge = run()
    code = f"import sys, postlude.app.processes.edge; print([m for m in {NO_PLACE_HERE} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
    status = Path(f"/proc/{edge.process.pid}/status").read_text()
    assert int(present(re.search(r"VmRSS:\s+(\d+)", status))[1]) < 60_000
    maps = Path(f"/proc/{edge.process.pid}/maps").read_text()
    assert "_duckdb" not in maps
    assert "sqlite" not in maps


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    folder = tmp_path / "data"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _pixel(edge: Running) -> str:
    urls = Urls(edge.codec, "", Kind.MESSAGE, 1)
    return urls.token(1).join(urls.pixel())


class FullDisk(NamedTuple):
    """An edge that lost `lost` hits since its disk is full."""

    edge: Running
    filler: Path
    lost: int


@pytest.fixture
def full_disk(disk: Path, run: Callable[..., Running]) -> FullDisk:
    edge, lost = run(), 0
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    while not lost:  # the last page of the segment has room for some
        assert edge.get(_pixel(edge)).startswith(b"GIF89a")
        lost = edge.health()["lost"]
    return FullDisk(edge, disk / "filler", lost)


def test_a_full_disk_is_told(full_disk: FullDisk) -> None:
    assert "No space left" in str(full_disk.edge.health()["problems"])


@pytest.fixture
def read_only(full_disk: FullDisk, run: Callable[..., Running]) -> Running:
    """An edge that was started on a disk that cannot be written any more."""
    assert full_disk.edge.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk.filler.parent)], check=True)
    return run()


def test_recipients_are_served_from_a_disk_that_cannot_be_written(full_disk: FullDisk, read_only: Running) -> None:
    answers = [read_only.get(_pixel(read_only)) for _ in range(3)]
    health = read_only.health()
    assert all(answer.startswith(b"GIF89a") for answer in answers)
    assert health["status"] == "degraded"
    assert health["lost"] == full_disk.lost + 3
    assert "Read-only file system" in str(health["problems"])


def _is_ok(edge: Running) -> bool:
    with contextlib.suppress(OSError):
        return bool(edge.health()["status"] == "ok")
    return False


def test_hits_count_again_once_the_disk_can_be_written(full_disk: FullDisk, read_only: Running) -> None:
    subprocess.run(["mount", "-o", "remount,rw", str(full_disk.filler.parent)], check=True)
    full_disk.filler.unlink()
    wait_for("the disk", lambda: _is_ok(read_only))
    before, lost = sum(read_only.records().values()), read_only.health()["lost"]
    read_only.get(_pixel(read_only))
    assert sum(read_only.records().values()) == before + 1
    assert read_only.health()["lost"] == lost >= full_disk.lost  # what was lost stays counted


def test_settings_reach_the_edge(run: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "aasa.json").write_text('{"applinks": {}}')
    (tmp_path / "links.json").write_text("[]")
    (tmp_path / "robots.txt").write_text("User-agent: *\nAllow: /\n")
    edge = run(
        edge_app_site_association=str(tmp_path / "aasa.json"),
        edge_assetlinks=str(tmp_path / "links.json"),
        edge_robots=str(tmp_path / "robots.txt"),
        edge_unix=str(tmp_path / "edge.sock"),
        edge_proxies="unix,10.0.0.0/8",
        brand_name="Bergverein <Alpha>",
        brand_colour="#112233",
    )
    assert edge.get("/.well-known/apple-app-site-association") == b'{"applinks": {}}'
    assert edge.get("/.well-known/assetlinks.json") == b"[]"
    assert b"Allow: /" in edge.get("/robots.txt")
    urls = Urls(edge.codec, "", Kind.MESSAGE, 1)
    page = edge.get(urls.act_token(1).join(urls.unsubscribe()))
    assert b"Bergverein &lt;Alpha&gt;" in page
    assert b"#112233" in page
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(tmp_path / "edge.sock"))
        line.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert b'"status":"ok"' in line.makefile("rb").read()


def test_the_mail_in_a_browser(run: Callable[..., Running]) -> None:
    edge = run()
    campaign = Urls(edge.codec, "", Kind.CAMPAIGN, 8)
    leave = DEAD_TOKEN.join(campaign.unsubscribe())
    (edge.data.views / f"{id_text(8)}.html").write_text(f'<p>The newsletter</p><a href="{leave}">leave</a>')
    token = campaign.act_token(1)
    page = edge.get(token.join(campaign.view())).decode()
    assert page == f'<p>The newsletter</p><a href="{token.join(campaign.unsubscribe())}">leave</a>'  # the reader's own
    gone = Urls(edge.codec, "", Kind.CAMPAIGN, 9)
    with pytest.raises(urllib.error.HTTPError, match="410"):
        edge.get(gone.act_token(1).join(gone.view()))


def test_with_few_files_to_open_it_refuses_with_a_word(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Not by closing connections in silence: the client hears 503, the operator finds a line in the log."""
    edge = Running(tmp_path / "data", prefix=("prlimit", "--nofile=256:256", "--"))
    with contextlib.ExitStack() as stack:
        stack.callback(edge.stop)
        answers = []
        for _ in range(200):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", edge.port), timeout=5))
            sock.sendall(b"GET /i/x.gif HTTP/1.1\r\nHost: x\r\n")
        for _ in range(5):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", edge.port), timeout=5))
            sock.sendall(b"GET /i/x.gif HTTP/1.1\r\nHost: x\r\n\r\n")
            answers.append(sock.recv(4096)[:12])
    assert set(answers) == {b"HTTP/1.1 503"}
    reported = capfd.readouterr().err
    assert "too few files" in reported
    assert "one is refused" in reported
