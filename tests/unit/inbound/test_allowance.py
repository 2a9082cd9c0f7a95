"""How much mail the address of one copy takes."""

from postlude.inbound.allowance import MAILS, Allowance


def test_a_day_later_it_comes_again() -> None:
    class Clock:
        at = 1_000_000_000_000

        def now(self) -> int:
            return self.at

    clock = Clock()
    allowance = Allowance(clock)
    assert all(allowance.take(7, 10) for _ in range(MAILS))
    assert not allowance.take(7, 10)
    assert allowance.is_spent(7)
    assert allowance.take(8, 10)
    clock.at += 86_400 * 1_000_000
    assert allowance.take(7, 10)
