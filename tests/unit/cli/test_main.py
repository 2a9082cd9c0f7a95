import subprocess
import sys
from pathlib import Path

import pytest

from postlude.cli.main import COMMANDS

POSTLUDE = Path(sys.executable).with_name("postlude")


def postlude(*arguments: str, given: bytes = b"", **env: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run([POSTLUDE, *arguments], input=given, capture_output=True, env=env, timeout=60, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "feedback"])
def test_every_command_explains_itself(name: str):
    done = postlude(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: postlude {name} ")
    assert len(done.stdout.splitlines()) > 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["check", "--nonsense"], 2, "No such option"),
        (["send", "/nonexistent.eml"], 2, "cannot read /nonexistent.eml: No such file or directory"),
        (["timeline"], 2, "Missing argument 'ADDRESS|MESSAGE-ID'"),
    ],
)
def test_bad_input_says_what_is_wrong(arguments: list[str], code: int, words: str, tmp_path: Path):
    done = postlude(*arguments, POSTLUDE_DATA=str(tmp_path))
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"", "is not a message"),
        (b"just some text\nwithout headers", "is not a message"),
        (b"Subject: x\n\nbody", "has no From address"),
        (b"From: a@b.test\n\nbody", "has no recipient"),
        (b"From: a@b.test\nTo: nobody\n\nbody", "'nobody' is not an address"),
        (b"From: a@b.test\nTo: x@y.test\n\n" + b"x" * 20_000, "more than POSTLUDE_MAX_MESSAGE_BYTES"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_remedy(message: bytes, words: str, tmp_path: Path):
    done = postlude("send", "-", given=message, POSTLUDE_DATA=str(tmp_path), POSTLUDE_MAX_MESSAGE_BYTES="10000")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_an_unknown_setting_stops_with_the_nearest_known_one(tmp_path: Path):
    done = postlude("check", POSTLUDE_DATA=str(tmp_path), POSTLUDE_SMTP_HOTS="x")
    assert done.returncode == 3
    assert "did you mean POSTLUDE_SMTP_HOST?" in done.stderr


def test_check_passes_on_a_fresh_folder_and_names_a_problem(tmp_path: Path):
    ports = {f"POSTLUDE_{endpoint}_PORT": "0" for endpoint in ("WEB", "EDGE", "RELAY", "INBOUND")}
    assert postlude("check", POSTLUDE_DATA=str(tmp_path / "new"), **ports).returncode == 0
    broken = postlude("check", POSTLUDE_DATA=str(tmp_path / "new"), POSTLUDE_SMTP_HOST="127.0.0.1", **ports)
    assert broken.returncode == 1
    assert "POSTLUDE_EDGE_URL" in broken.stdout


def test_a_command_starts_without_loading_the_database():
    code = "import sys, postlude.cli.main; print([m for m in ('sqlalchemy', 'duckdb', 'fastapi') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_edge_process_imports_no_database():
    code = (
        "import sys, postlude.app.processes.edge\n"
        "print([m for m in ('sqlalchemy', 'duckdb', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
