from pathlib import Path

import pytest

from postlude.app.networks import AddressFacts, import_list, load_lists
from postlude.model.errors import InputError


class Hand:
    def __init__(self) -> None:
        self.time = 1_760_000_000_000_000

    def now(self) -> int:
        return self.time


def test_the_operators_list_takes_the_place_of_the_bundled_one(tmp_path: Path):
    hand, folder = Hand(), tmp_path / "networks"
    facts = AddressFacts(folder, hand)
    assert facts("64.235.144.1")["network"] == "barracuda"
    import_list(folder, "barracuda", "192.0.2.0/25\n192.0.2.128/25\n", source="a letter", now=hand.time)
    assert facts("64.235.144.1")["network"] == "barracuda"  # looked at once a minute
    hand.time += 60_000_000
    assert facts("64.235.144.1") == {}
    assert facts("192.0.2.200") == {"network": "barracuda", "lists_date": "2025-10-09"}
    [own] = [one for one in load_lists(folder)[0] if one.name == "barracuda"]
    assert (own.networks, own.source) == (("192.0.2.0/24",), "a letter")


def test_a_broken_list_leaves_the_bundled_one_in_use(tmp_path: Path):
    (tmp_path / "barracuda.txt").write_text("not a network\n")
    lists, problems = load_lists(tmp_path)
    assert "209.222.80.0/21" in next(one.networks for one in lists if one.name == "barracuda")
    assert "line 1" in problems[0]
    assert AddressFacts(tmp_path, Hand())("64.235.144.1")["network"] == "barracuda"
    with pytest.raises(InputError, match="empty"):
        import_list(tmp_path, "barracuda", "# nothing\n", source="", now=0)
