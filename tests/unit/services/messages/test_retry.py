from postlude.services.messages.retry import RetrySchedule

SECOND = 1_000_000


def test_pauses_grow_and_end_at_the_deadline() -> None:
    plan = RetrySchedule(pauses_s=(10, 60), give_up_s=100)
    assert plan.next_at(0, 0, 1) == 10 * SECOND
    assert plan.next_at(10 * SECOND, 0, 2) == 70 * SECOND
    assert plan.next_at(70 * SECOND, 0, 3) == 0


def test_the_standard_plan_tries_for_five_days() -> None:
    plan, now, tries = RetrySchedule(), 0, 1
    while at := plan.next_at(now, 0, tries):
        assert at > now
        now, tries = at, tries + 1
    assert 115 * 3600 * SECOND < now <= 120 * 3600 * SECOND
    assert tries > 20
