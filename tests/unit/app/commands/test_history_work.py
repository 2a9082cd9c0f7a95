from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from postlude.app.commands.history_work import rebuild_offline, reclassify_offline
from postlude.app.data_folder import DataFolder
from postlude.config import Settings, load
from postlude.model.errors import InUseError

Offline = Callable[[Settings], Generator[Any, None, None]]
both = pytest.mark.parametrize("offline", [rebuild_offline, reclassify_offline])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"POSTLUDE_DATA": str(tmp_path / "data")})


@both
def test_an_empty_instance_has_nothing_to_do(settings: Settings, offline: Offline) -> None:
    last = list(offline(settings))[-1]
    assert not last.running
    assert last.done == 0


def test_the_first_progress_comes_before_any_work(settings: Settings) -> None:
    assert next(rebuild_offline(settings)).running


@both
def test_it_keeps_out_while_the_app_runs(settings: Settings, offline: Offline) -> None:
    folder = DataFolder(settings.data)
    folder.prepare()
    lock = folder.lock()
    with pytest.raises(InUseError):
        list(offline(settings))
    lock.close()


@both
def test_who_stops_in_between_leaves_the_folder_free(settings: Settings, offline: Offline) -> None:
    steps = offline(settings)
    next(steps)
    steps.close()
    folder = DataFolder(settings.data)
    assert folder.app_running() == 0
    folder.lock().close()
