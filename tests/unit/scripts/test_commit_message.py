import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[3] / "scripts" / "commit-message.sh"


def _code(tmp_path: Path, text: str) -> int:
    path = tmp_path / "message"
    path.write_text(text)
    return subprocess.run([str(CHECK), str(path)], capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    "text", ["edge: hits are counted\n", "store, web: both\n\nThe why.\n", "fixup! anything at all\n"]
)
def test_a_message_as_it_should_be(tmp_path: Path, text: str) -> None:
    assert _code(tmp_path, text) == 0


@pytest.mark.parametrize("text", ["edge: " + "x" * 67 + "\n", "no area\n", "edge: two lines\nwithout a gap\n"])
def test_a_message_that_is_refused(tmp_path: Path, text: str) -> None:
    assert _code(tmp_path, text) == 1
