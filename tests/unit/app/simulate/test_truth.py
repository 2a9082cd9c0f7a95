"""The truth as a file."""

import json
from pathlib import Path

import pytest

from postlude.app.simulate.truth import CopyTruth, SimulatedHit, write_truth
from postlude.model.errors import StorageError
from postlude.population import Doer

HIT = SimulatedHit(5, 1 << 60, "a@example.org", -1, Doer.APPLE, "GET", "apple-privacy", "", 200)
COPY = CopyTruth(1 << 60, "a@example.org", knowable=False, opened=True, links=(2,), replied=False, bounced=False)


def test_each_line_is_an_object_of_its_kind(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", [COPY, HIT])
    copy, hit = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
    assert copy["type"] == "copy"
    assert copy["links"] == [2]
    assert hit["doer"] == "apple"
    assert hit["copy"] == copy["copy"] == "1000000000000000"


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        write_truth(tmp_path / "nowhere" / "truth", [HIT])
