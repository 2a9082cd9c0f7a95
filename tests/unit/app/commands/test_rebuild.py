from pathlib import Path

import pytest

from postlude.app.commands.rebuild import rebuild_offline
from postlude.app.data_folder import DataFolder
from postlude.config import load
from postlude.model.errors import InUseError


def test_an_empty_instance_has_nothing_to_make_anew(tmp_path: Path) -> None:
    steps = list(rebuild_offline(load({"POSTLUDE_DATA": str(tmp_path / "data")})))
    assert steps[0].running
    assert not steps[-1].running
    assert steps[-1].done == 0


def test_it_keeps_out_while_the_app_runs(tmp_path: Path) -> None:
    settings = load({"POSTLUDE_DATA": str(tmp_path / "data")})
    folder = DataFolder(settings.data)
    folder.prepare()
    lock = folder.lock()
    with pytest.raises(InUseError):
        list(rebuild_offline(settings))
    lock.close()
