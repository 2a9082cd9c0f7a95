"""An attribute that is computed once."""

from postlude.kit.computed import computed_once


class _Counted:
    def __init__(self) -> None:
        self.asked = 0

    @computed_once
    def answer(self) -> int:
        """How often it was asked for."""
        self.asked += 1
        return self.asked


def test_it_is_computed_when_it_is_asked_for_first_and_kept() -> None:
    one = _Counted()
    assert one.asked == 0
    assert [one.answer, one.answer] == [1, 1]
    assert one.asked == 1


def test_each_object_has_its_own() -> None:
    one, other = _Counted(), _Counted()
    assert one.answer == 1
    assert other.asked == 0


def test_the_class_shows_what_it_is() -> None:
    assert _Counted.answer.__doc__ == "How often it was asked for."
