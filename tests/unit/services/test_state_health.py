"""How a state is that no app has open."""

from contextlib import closing
from pathlib import Path

import pytest

from postlude.kit.clock import SystemClock
from postlude.services.integrity.sending_pause import pause_sending
from postlude.services.state_health import of_state, of_stopped_state
from postlude.store import open_store
from support.state_template import sqlite_state


@pytest.mark.parametrize(("used", "state"), [(True, "problem"), (False, "ok")])
def test_a_missing_file_is_a_problem_of_a_folder_in_use(tmp_path: Path, used: bool, state: str) -> None:
    file = tmp_path / "state.sqlite"
    assert of_stopped_state(f"sqlite:///{file}", file, SystemClock(), used=used).state == state
    assert not file.exists()


def test_a_file_that_is_no_database_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    file.write_bytes(b"no database" * 1000)
    assert of_stopped_state(f"sqlite:///{file}", file, SystemClock(), used=True).state == "problem"


def test_a_sound_state_is_well_until_it_says_otherwise(tmp_path: Path) -> None:
    url = sqlite_state(tmp_path)
    assert of_stopped_state(url, None, SystemClock(), used=True).state == "ok"
    with closing(open_store(url)) as store:
        pause_sending(store, SystemClock(), "backup", "the state is a backup")
        assert "problem" in {one.state for one in of_state(store, SystemClock())}
    found = of_stopped_state(url, None, SystemClock(), used=True)
    assert found.state == "problem"
    assert "the state is a backup" in found.text
