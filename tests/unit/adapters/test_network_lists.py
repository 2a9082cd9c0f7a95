from pathlib import Path

import pytest

from postlude.adapters.country_table import Countries, write_countries
from postlude.adapters.network_lists import (
    COUNTRIES,
    OWN_RULES,
    AddressLookup,
    AgentLookup,
    import_crawlers,
    import_list,
    import_own_rules,
    load_crawlers,
    load_lists,
    open_countries,
)
from postlude.classify import bundled_crawlers
from postlude.model.errors import InputError


class Hand:
    def __init__(self) -> None:
        self.time = 1_760_000_000_000_000

    def now(self) -> int:
        return self.time


def test_the_operators_list_takes_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    hand, folder = Hand(), tmp_path / "networks"
    facts = AddressLookup(folder, hand)
    assert facts("64.235.144.1")["network"] == "barracuda"
    import_list(folder, "barracuda", "192.0.2.0/25\n192.0.2.128/25\n", source="a letter", now=hand.time)
    assert facts("64.235.144.1")["network"] == "barracuda"  # looked at once a minute
    hand.time += 60_000_000
    assert facts("64.235.144.1") == {}
    assert facts("192.0.2.200") == {"network": "barracuda", "lists_date": "2025-10-09"}
    [own] = [one for one in load_lists(folder)[0] if one.name == "barracuda"]
    assert own.networks == ("192.0.2.0/24",)
    assert own.source == "a letter"


def test_a_broken_list_leaves_the_bundled_one_in_use(tmp_path: Path) -> None:
    (tmp_path / "barracuda.txt").write_text("not a network\n")
    lists, problems = load_lists(tmp_path)
    assert "209.222.80.0/21" in next(one.networks for one in lists if one.name == "barracuda")
    assert "line 1" in problems[0]
    assert AddressLookup(tmp_path, Hand())("64.235.144.1")["network"] == "barracuda"
    with pytest.raises(InputError, match="empty"):
        import_list(tmp_path, "barracuda", "# nothing\n", source="", now=0)


def test_countries_from_the_usual_tables(tmp_path: Path) -> None:
    lines = [
        '"first","last","country"',
        '"192.0.2.0","192.0.2.127","DE"',
        "3325256704,3325256959,fr",  # 198.51.100.0 and the 255 behind it, as numbers
        "203.0.113.0/24,GB,England",
        "2001:db8::/33,JP",
        "2001:db8:8000::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff,KR",
    ]
    assert write_countries(tmp_path / COUNTRIES, lines, date="2026-11-25", source="a table") == 5
    table = Countries(tmp_path / COUNTRIES)
    for address, country in (
        ("192.0.2.0", "DE"),
        ("192.0.2.127", "DE"),
        ("192.0.2.128", ""),
        ("198.51.100.200", "FR"),
        ("::ffff:203.0.113.9", "GB"),
        ("2001:db8:1::1", "JP"),
        ("2001:db8:9000::1", "KR"),
        ("2001:db9::", ""),
        ("0.0.0.0", ""),
        ("unix", ""),
    ):
        assert table.find(address) == country
    assert AddressLookup(tmp_path, Hand())("192.0.2.7") == {"country": "DE"}
    with pytest.raises(InputError, match="line 2"):
        write_countries(tmp_path / COUNTRIES, ["192.0.2.0/24,DE", "<html>"], date="", source="")
    (tmp_path / COUNTRIES).write_bytes(b"PLC1 damaged")
    with pytest.raises(ValueError, match="damaged"):
        open_countries(tmp_path)
    assert AddressLookup(tmp_path, Hand())("64.235.144.1")["network"] == "barracuda"


NOW = 1_796_000_000_000_000
"""The end of November 2026."""


def test_a_list_of_crawlers_takes_the_place_of_the_bundled_one(tmp_path: Path) -> None:
    hand, folder = Hand(), tmp_path / "networks"
    facts = AgentLookup(folder, hand)
    assert facts("Pcore-HTTP/v0.40.3") == {"crawler": "1"}
    import_crawlers(folder, "# licence: own\nAcmeFetcher/\n", source="a letter", now=NOW)
    hand.time += 60_000_000
    assert facts("Pcore-HTTP/v0.40.3") == {}
    assert facts("AcmeFetcher/1") == {"crawler": "1"}
    assert load_crawlers(folder)[0].date == "2026-11-30"


def test_a_broken_list_of_crawlers_leaves_the_bundled_one_in_use(tmp_path: Path) -> None:
    (tmp_path / "crawlers.txt").write_text("(\n")
    crawlers, problems = load_crawlers(tmp_path)
    assert crawlers is bundled_crawlers()
    assert "line 1" in problems[0]
    assert "crawlers" not in {one.name for one in load_lists(tmp_path)[0]}


@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("ok\n(\n", "line 2"), ("x*\n", "every program")])
def test_what_is_not_a_list_of_crawlers_is_not_imported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        import_crawlers(tmp_path, text, source="", now=NOW)
    assert not (tmp_path / "crawlers.txt").exists()


def test_own_rules_become_facts_of_the_next_hits(tmp_path: Path) -> None:
    hand = Hand()
    of_address, of_agent = AddressLookup(tmp_path, hand), AgentLookup(tmp_path, hand)
    import_own_rules(tmp_path, 'network 64.235.144.0/24 self our filter\nagent "Pcore" human\n')
    assert of_address("64.235.144.9") == {
        "network": "barracuda",
        "lists_date": "2026-11-25",
        "own": "self",
        "own_note": "our filter",
    }
    assert of_agent("Pcore-HTTP/v0.40.3") == {"own": "human"}


def test_a_clock_that_is_set_back_keeps_nobody_from_looking(tmp_path: Path) -> None:
    hand = Hand()
    facts = AddressLookup(tmp_path, hand)
    assert facts("192.0.2.1") == {}
    import_own_rules(tmp_path, "network 192.0.2.0/24 self\n")
    hand.time -= 2 * 86_400_000_000
    assert facts("192.0.2.1") == {"own": "self"}


def test_own_rules_with_a_mistake_leave_those_from_before(tmp_path: Path) -> None:
    hand = Hand()
    facts = AddressLookup(tmp_path, hand)
    import_own_rules(tmp_path, "network 192.0.2.0/24 self\n")
    assert facts("192.0.2.1") == {"own": "self"}
    (tmp_path / OWN_RULES).write_text("network 192.0.2.0/24 me\n")
    hand.time += 60_000_000
    assert facts("192.0.2.1") == {"own": "self"}
    with pytest.raises(InputError, match="line 1"):
        import_own_rules(tmp_path, "network 192.0.2.0/24 me\n")
