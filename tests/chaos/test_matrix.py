"""Some files and what can have become of them; `python bench/damage.py` tries every file and every way."""

import random
from pathlib import Path

import pytest

from chaos.matrix import Instance

_SOME = 6


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return Instance(tmp_path_factory.mktemp("instance"), 1)


@pytest.mark.parametrize("seed", range(_SOME))
@pytest.mark.long
@pytest.mark.timeout(600)
def test_whatever_became_of_a_file_is_told_and_costs_only_itself(instance: Instance, tmp_path: Path, seed: int) -> None:
    case = random.Random(seed).choice(instance.cases())
    verdict = instance.suffer(tmp_path, case)
    assert verdict.wrong == [], f"{verdict}\nagain: python bench/damage.py --only '{case}' --no-result"
