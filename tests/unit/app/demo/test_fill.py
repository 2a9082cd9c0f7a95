"""Where the demo does not go; `tests/e2e/test_demo.py` has the rest."""

from pathlib import Path

import pytest

from postlude.app.demo.fill import fill, remove_demo
from postlude.config import load
from postlude.model.errors import InputError


def test_an_instance_that_sends_for_real_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    settings = load({"POSTLUDE_DATA": str(tmp_path / "data"), "POSTLUDE_SMTP_HOST": "mx.example"})
    with pytest.raises(InputError, match="POSTLUDE_SMTP_HOST"):
        fill(settings, seed=1)
    assert not (tmp_path / "data").exists()


def test_where_there_is_no_demo_nothing_is_removed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no demo"):
        remove_demo(load({"POSTLUDE_DATA": str(tmp_path / "data")}), anyway=True)
