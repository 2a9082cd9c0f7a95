"""`postlude simulate` prints how the rules did."""

import json
from pathlib import Path

from servers.commands import run


def test_the_measure_is_printed_as_json(tmp_path: Path) -> None:
    done = run("simulate", "--people", "20", "--json", settings={"data": tmp_path / "data"})
    assert done.code == 0, done.err
    assert json.loads(done.out)["measure"]["people_lost"] == 0
