"""Who the demo is about."""

from random import Random

from postlude.app.demo.story import MAILINGS, NOTES, people


def test_everybody_has_an_address_of_their_own_that_nobody_can_have() -> None:
    found = people(140, Random(1))
    assert len({one.address for one in found}) == 140
    assert {one.address.rpartition("@")[2] for one in found} <= {"example.com", "example.net", "example.org"}


def test_the_same_chance_gives_the_same_people() -> None:
    assert people(140, Random(3)) == people(140, Random(3))


def test_what_is_written_goes_to_people_who_are_there() -> None:
    assert max(number for note in NOTES for number in note.to) < 100
    assert min(one.day for one in (*NOTES, *MAILINGS)) > 0
