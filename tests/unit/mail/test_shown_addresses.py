import pytest

from postlude.mail.shown_addresses import shown_addresses
from support.processor import bounded_processor_time

BERT, BOSS = "bert@b.example", "boss@p.example"


@pytest.mark.parametrize(
    "value",
    [
        BERT,
        f"Bert <{BERT}>",
        f'"boss, {BOSS}" <{BERT}>',
        f"({BOSS}) {BERT} (x (y) \\) {BOSS})",
        f"{BERT} <{BERT}>",
        f"friends: {BERT};",
        f"<@p.example:{BERT}>",
        "bert @ b.example",
        f"@ {BERT} @",
    ],
)
def test_one_is_shown(value: str) -> None:
    assert shown_addresses(value) == [BERT]


@pytest.mark.parametrize(
    "value",
    [
        f"{BERT}, {BOSS}@",
        f"{BOSS}@<{BERT}>",
        f"<{BERT}>{BOSS}\x00@",
        f"<{BOSS} \u2028 {BERT}<{BERT}>",
        f'{BERT} "{BOSS}',
        f"{BERT} ({BOSS}",
        f"{BERT} (x) ({BOSS}",
        f'{BERT} \\"{BOSS}\\"',
        f"{BERT} boss @\x0bp.example",
        f"{BERT};{BOSS}",
    ],
)
def test_malformed_fields_show_both(value: str) -> None:
    assert sorted(shown_addresses(value)) == [BERT, BOSS]


@pytest.mark.parametrize("value", ["", "Bert", "bert@", "@b.example", '"bert@b.example"', "(bert@b.example)"])
def test_none_is_shown(value: str) -> None:
    assert shown_addresses(value) == []


def test_a_quoted_local_part_and_an_address_literal_are_one_word() -> None:
    assert shown_addresses('"bert smith"@b.example, bert@[127.0.0.1]') == ["bertsmith@b.example", "bert@[127.0.0.1]"]


@pytest.mark.parametrize("piece", ["(", ")", '"', "(a)", '"a" ', '"\\', "[", "@", "\\", "a@b ", "((", '("', " @ "])
def test_long_fields_are_read_in_one_go(piece: str) -> None:
    """In steps that grow with the length alone: a quadratic one would take hours here."""
    with bounded_processor_time():
        shown_addresses(piece * 300_000)
