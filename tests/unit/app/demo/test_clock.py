"""The demo's own time."""

from postlude.app.demo.clock import DemoClock


def test_the_clock_never_goes_back() -> None:
    clock = DemoClock(5)
    clock.move_to(9)
    clock.move_to(7)
    assert clock.now() == 9
