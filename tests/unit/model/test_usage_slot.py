from postlude.model.usage_slot import SLOT_S, slot_of


def test_a_slot_is_a_tenth_of_an_hour() -> None:
    assert SLOT_S * 10 == 3600
    assert slot_of(SLOT_S * 1_000_000 - 1) == 0
    assert slot_of(SLOT_S * 1_000_000) == 1
