"""The shipped systemd units name commands that exist, and systemd takes them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from postlude.cli.main import COMMANDS

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))


def test_there_is_one_for_every_process_that_serves() -> None:
    assert [unit.stem for unit in UNITS] == ["postlude-app", "postlude-edge", "postlude-inbound", "postlude-relay"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_runs_a_command_that_exists(unit: Path) -> None:
    found = re.search(r"^ExecStart=\S+/postlude (\S+)$", unit.read_text(), re.MULTILINE)
    assert found is not None
    assert found[1] in COMMANDS


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_it_depends_on_no_other_process(unit: Path) -> None:
    named = set(re.findall(r"postlude-(?:app|edge|relay|inbound)", unit.read_text()))
    assert named == set()


TAKES_ALONG = (
    "Requires",
    "Requisite",
    "BindsTo",
    "PartOf",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "Conflicts",
    "OnFailure",
)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_nothing_takes_it_along(unit: Path) -> None:
    """Neither a failed dependency nor another unit's end stops it; it is started again for ever."""
    reported = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line and line[0] != "#")
    assert not set(TAKES_ALONG) & set(reported)
    assert reported["Restart"] == "always"
    assert reported["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_hang_is_noticed_within_a_minute(unit: Path) -> None:
    reported = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line and line[0] != "#")
    assert reported["Type"] == "notify"
    assert reported["NotifyAccess"] == "main"
    assert int(reported["WatchdogSec"]) + int(reported["RestartSec"]) < 60


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_it(unit: Path, tmp_path: Path) -> None:
    program = tmp_path / "postlude"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = re.sub(r"/opt/postlude/bin/postlude", str(program), unit.read_text())
    text = re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE)
    copy = tmp_path / unit.name
    copy.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False, timeout=60
    )
    told = [line for line in done.stderr.splitlines() if unit.stem in line]
    assert told == []
