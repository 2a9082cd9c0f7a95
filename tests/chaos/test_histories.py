"""Short random histories with real processes; `make chaos` runs a hundred longer ones."""

from pathlib import Path

import pytest

from chaos.history import Driver


@pytest.mark.parametrize("seed", range(1, 7))
@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_random_history_loses_nothing_in_silence_and_sends_nothing_twice(tmp_path: Path, seed: int) -> None:
    verdict = Driver(tmp_path, seed).run(rounds=2)
    again = f"python bench/chaos.py --histories 1 --seed {seed} --rounds 2 --no-result"
    assert verdict.wrong == [], f"{verdict}\nagain: {again}"
