import subprocess
import sys
from pathlib import Path

import pytest

from postlude.cli.main import COMMANDS
from servers.commands import run


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "feedback"])
def test_every_command_explains_itself(name: str) -> None:
    done = run(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: postlude {name} ")
    assert len(done.out.splitlines()) > 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["check", "--nonsense"], 2, "No such option"),
        (["send", "/nonexistent.eml"], 2, "cannot read /nonexistent.eml: No such file or directory"),
        (["timeline"], 2, "Missing argument 'ADDRESS|MESSAGE-ID'"),
    ],
)
def test_bad_input_says_what_is_wrong(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    done = run(*arguments, settings={"data": tmp_path})
    assert done.code == code, done.err
    assert words in done.err, done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"", "is not a message"),
        (b"just some text\nwithout headers", "is not a message"),
        (b"Subject: x\n\nbody", "has no From address"),
        (b"From: a@b.test\n\nbody", "has no recipient"),
        (b"From: a@b.test\nTo: nobody\n\nbody", "'nobody': no address"),
        (b"From: a@b.test\nTo: x@y.test\n\n" + b"x" * 20_000, "more than POSTLUDE_MAX_MESSAGE_BYTES"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_remedy(message: bytes, words: str, tmp_path: Path) -> None:
    done = run("send", "-", given=message, settings={"data": tmp_path, "max_message_bytes": 10_000})
    assert done.code == 2, done.err
    assert words in done.err, done.err


def test_an_unknown_setting_stops_with_the_nearest_known_one(tmp_path: Path) -> None:
    done = run("check", settings={"data": tmp_path, "smtp_hots": "x"})
    assert done.code == 3
    assert "did you mean POSTLUDE_SMTP_HOST?" in done.err


def test_check_passes_on_a_fresh_folder_and_names_a_problem(tmp_path: Path) -> None:
    settings = {"data": tmp_path / "new"} | dict.fromkeys(("web_port", "edge_port", "relay_port", "inbound_port"), "0")
    assert run("check", settings=settings).code == 0
    broken = run("check", settings=settings | {"smtp_host": "127.0.0.1"})
    assert broken.code == 1
    assert "POSTLUDE_EDGE_URL" in broken.out


def test_a_command_starts_without_loading_the_database() -> None:
    code = "import sys, postlude.cli.main; print([m for m in ('sqlalchemy', 'duckdb', 'fastapi') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_edge_process_imports_no_database() -> None:
    code = (
        "import sys, postlude.app.processes.edge\n"
        "print([m for m in ('sqlalchemy', 'duckdb', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
