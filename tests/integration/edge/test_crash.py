import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from . import crash

CRASH = Path(__file__).with_name("crash.py")
ROUNDS = os.environ.get("CRASH_ROUNDS", "8")


def test_every_answered_hit_survives_kill_9_once() -> None:
    result = subprocess.run(
        [sys.executable, str(CRASH), "--rounds", ROUNDS], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert f"{ROUNDS} rounds" in result.stdout


def _order(folder: Path, *, unsynced: bool) -> list[str]:
    """What the kernel saw, in order: `synced` and `answered`."""
    log = folder / f"trace-{unsynced}"
    calls = "trace=pwritev2,fdatasync,fsync,write,writev,sendto,sendmsg"
    strace = ("strace", "-f", "-qq", "-s", "24", "-e", calls, "-o", str(log))
    process, port = crash.start(folder / f"journal-{unsynced}", unsynced=unsynced, prefix=strace)
    for copy in range(1, 6):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{crash.pixel(copy)}", timeout=10) as answer:
            answer.read()
    subprocess.run(["pkill", "-P", str(process.pid)], check=True)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    seen = []
    for line in log.read_text(errors="replace").splitlines():
        if "HTTP/1.1 200" in line:
            seen.append("answered")
        elif re.search(r"RWF_DSYNC\) += [0-9]+$", line) or re.search(r"pwritev2 resumed.* = [0-9]+$", line):
            seen.append("synced")
    return seen


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace tells the order of system calls")
def test_the_disk_has_it_before_the_answer_is_written(tmp_path: Path) -> None:
    assert _order(tmp_path, unsynced=False) == ["synced", "answered"] * 5
    assert _order(tmp_path, unsynced=True) == ["answered"] * 5  # what this test would catch
