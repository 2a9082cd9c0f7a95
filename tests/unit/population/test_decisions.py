"""What recipients do with a mailing."""

from postlude.population import SimulatedMailing, decide_fate, draw_readers

READERS = draw_readers(4_000, 1)


def opened(mailing: SimulatedMailing, *, knowable: bool) -> float:
    some = [decide_fate(one, mailing).opened for one in READERS if one.knowable is knowable]
    return sum(some) / len(some)


def test_a_reader_decides_the_same_each_time() -> None:
    mailing = SimulatedMailing(3)
    assert [decide_fate(one, mailing) for one in READERS[:50]] == [decide_fate(one, mailing) for one in READERS[:50]]


def test_who_cannot_be_known_may_open_more_readily() -> None:
    more = opened(SimulatedMailing(3, unknowable=1.4), knowable=False)
    less = opened(SimulatedMailing(3, unknowable=0.6), knowable=False)
    assert more > 1.8 * less


def test_links_are_followed_by_those_who_opened() -> None:
    fates = [decide_fate(one, SimulatedMailing(3)) for one in READERS]
    assert [fate for fate in fates if fate.links and not fate.opened] == []
    assert {link for fate in fates for link in fate.links} == set(range(5))


def test_a_mailing_without_links_is_read_all_the_same() -> None:
    fates = [decide_fate(one, SimulatedMailing(3, links=0)) for one in READERS[:500]]
    assert any(fate.opened for fate in fates)
    assert not any(fate.links for fate in fates)


def test_what_bounced_is_not_read() -> None:
    fates = [decide_fate(one, SimulatedMailing(3, bounces=1.0)) for one in READERS[:50]]
    assert all(fate.bounced and not fate.opened for fate in fates)
