"""A window gives the verdicts of the set of its hits: however they come, in parts, late, shuffled, after a restart."""

import random
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postlude.classify import (
    LIMIT,
    AddedHits,
    Confidence,
    Sighting,
    WindowSettings,
    add_hits,
    are_quiet,
    hits_left,
    leave_two_alone,
    people_times,
    read_window,
    reconsider,
)
from postlude.classify.sighting import (
    ACT,
    CLICK,
    DAMAGED,
    HEAD,
    LATE,
    LEAVING,
    OPEN,
    PAGE,
    PLAIN,
    PROXIED,
    PROXIED_HUMAN,
    SHARED,
)
from postlude.model.words import Verdict
from support.sightings import packed, seen, verdict

SETTINGS = WindowSettings()


def _hit(parts: tuple[int, int, int, int, int, int, int], number: int) -> Sighting:
    second, kind, base, link, network, visitor, mark = parts
    marks = {
        OPEN: (0, PLAIN, PLAIN, PLAIN | SHARED),
        CLICK: (0, PLAIN, HEAD, PLAIN | LATE),
        PAGE: (0, LEAVING, 0, DAMAGED),
        ACT: (0, 0, 0, 0),
    }[kind][mark]
    if kind == OPEN and base == PROXIED_HUMAN:
        marks |= PROXIED
    sure = Confidence.CERTAIN if kind == ACT else Confidence.MEDIUM if marks & PLAIN else Confidence.HIGH
    return seen(
        second / 2, kind, marks=marks, link=link, base=base, sure=sure, network=network, visitor=visitor, number=number
    )


HITS = st.tuples(
    st.one_of(st.integers(0, 60), st.integers(0, 5000)),
    st.sampled_from([OPEN, OPEN, CLICK, CLICK, PAGE, ACT]),
    st.integers(0, 5),
    st.integers(0, 6),
    st.integers(0, 4),
    st.integers(0, 3),
    st.integers(0, 3),
)


def _whole(*hits: Sighting) -> AddedHits:
    return add_hits(b"", b"".join(packed(*hits)), SETTINGS, lambda: 0)


def _replayed(hits: list[Sighting], parts: random.Random) -> dict[int, int]:
    """The current verdicts when hits come in parts; every part finds the window as bytes, as after a restart."""
    window, standing, place = b"", {}, 0
    while place < len(hits):
        some = hits[place : place + parts.randrange(1, 6)]
        place += len(some)
        added = add_hits(window, b"".join(packed(*some)), SETTINGS, lambda: 7)
        for one in some:
            standing[one.id] = added.reviewed[one.id].verdict if one.id in added.reviewed else one.base
        for correction in added.corrections:
            assert standing[correction.sighting.id] == correction.sighting.standing
            standing[correction.sighting.id] = correction.reviewed.verdict
        window = added.window
    return standing


@example([(0, 0, 0, 0, 0, 0, 3)], random.Random(0))  # alone, and known to be of a visitor to many
@given(st.lists(HITS, min_size=1, max_size=LIMIT), st.randoms(use_true_random=False))
def test_any_order_and_any_parts_give_the_verdicts_of_the_whole(
    raw: list[tuple[int, int, int, int, int, int, int]], chance: random.Random
) -> None:
    hits = [_hit(parts, number) for number, parts in enumerate(raw, 1)]
    whole = sorted(hits)
    wanted = dict(zip([one.id for one in whole], [one.verdict for one in reconsider(whole, SETTINGS, 7)], strict=True))
    chance.shuffle(hits)
    assert _replayed(hits, chance) == wanted


@given(st.lists(HITS, min_size=LIMIT, max_size=3 * LIMIT), st.randoms(use_true_random=False))
def test_more_hits_than_a_window_holds_do_not_depend_on_the_parts_they_come_in(
    raw: list[tuple[int, int, int, int, int, int, int]], chance: random.Random
) -> None:
    hits = sorted(_hit(parts, number) for number, parts in enumerate(raw, 1))
    one_by_one = chance.getrandbits(30)
    assert _replayed(hits, random.Random(one_by_one)) == _replayed(hits, random.Random(one_by_one + 1))


@given(st.lists(HITS, min_size=1, max_size=2 * LIMIT))
def test_a_window_is_bounded_and_knows_when_people_came(raw: list[tuple[int, int, int, int, int, int, int]]) -> None:
    added = _whole(*(_hit(parts, number) for number, parts in enumerate(raw, 1)))
    assert len(read_window(added.window)) == min(len(raw), LIMIT)
    assert len(added.window) < 1100


@given(st.lists(HITS, min_size=1, max_size=LIMIT), st.randoms(use_true_random=False))
def test_marks_of_neighbours_count_whenever_they_come(
    raw: list[tuple[int, int, int, int, int, int, int]], chance: random.Random
) -> None:
    hits = [_hit(parts, number) for number, parts in enumerate(raw, 1)]
    shared = {one.id for one in hits if one.code & PLAIN and chance.random() < 0.5}
    marked = sorted(one._replace(code=one.code | SHARED) if one.id in shared else one for one in hits)
    wanted = {one.id: found.verdict for one, found in zip(marked, reconsider(marked, SETTINGS, 7), strict=True)}
    standing = {one.id: one.base for one in hits}
    early = {one.id for one in hits if one.id in shared and chance.random() < 0.5}
    added = add_hits(b"", b"".join(packed(*hits)), SETTINGS, lambda: 7, early)
    standing |= {number: found.verdict for number, found in added.reviewed.items()}
    later = add_hits(added.window, b"", SETTINGS, lambda: 7, shared)
    for correction in later.corrections:
        assert standing[correction.sighting.id] == correction.sighting.standing
        standing[correction.sighting.id] = correction.reviewed.verdict
    assert standing == wanted


def test_a_window_of_the_first_format_is_read_and_written_anew() -> None:
    entries = packed(seen(0, OPEN), seen(40, link=1))
    old = struct.pack("<BBBqqIIqqI", 1, 4, 1, seen(40).at, 0, 1, 0, seen(40).at, 0, 0) + b"".join(entries)
    assert [one.kind for one in read_window(old)] == [OPEN, CLICK]
    added = add_hits(old, b"".join(packed(*(seen(40 + n / 10, link=n) for n in range(2, 7)))), SETTINGS, lambda: 0)
    assert added.window[0] == 2
    assert len(read_window(added.window)) == 7
    assert [verdict(one.reviewed.verdict) for one in added.corrections] == [Verdict.MACHINE]


@given(st.lists(HITS, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_hits_of_which_no_rule_says_anything_are_their_window(
    raw: list[tuple[int, int, int, int, int, int, int]], chance: random.Random
) -> None:
    hits = sorted(_hit(parts, number) for number, parts in enumerate(raw, 1))
    body = b"".join(packed(*hits))
    quiet = are_quiet(body)
    if quiet:
        assert [(one.verdict, one.reasons) for one in reconsider(hits, SETTINGS, 7)] == [(one.base, ()) for one in hits]
    chance.shuffle(hits)
    window = b""
    for one in hits:
        window = add_hits(window, packed(one)[0], SETTINGS, lambda: 7).window
    assert (window == body) is quiet
    assert b"".join(packed(*read_window(_whole(*hits).window))) == b"".join(packed(*read_window(window)))
    assert not hits_left(window)


@pytest.mark.parametrize(
    ("hits", "quiet"),
    [
        ([seen(0, OPEN)], True),
        ([seen(0, OPEN), seen(40, link=1)], True),
        ([seen(0, OPEN), seen(40, link=1), seen(41, link=2)], True),
        ([seen(0, OPEN), seen(40, link=1), seen(41, link=2), seen(99, OPEN)], False),  # a fourth
        ([seen(0, link=0), seen(40, link=1), seen(41, link=2)], False),  # a third link
        ([seen(5, OPEN), seen(5, link=1)], False),  # at once
        ([seen(0, OPEN), seen(40, PAGE, marks=LEAVING)], False),
        ([seen(n, OPEN, marks=PLAIN, network=n) for n in (1, 2, 3)], False),
        ([seen(n, OPEN, marks=PLAIN, network=n % 2 + 1) for n in (1, 2, 3)], True),
    ],
)
def test_which_hits_are_quiet(hits: list[Sighting], quiet: bool) -> None:
    body = b"".join(packed(*hits))
    assert are_quiet(body) is quiet
    assert (add_hits(b"", body, SETTINGS, lambda: 0).window == body) is quiet


def test_hits_that_were_quiet_under_higher_thresholds_are_judged_with_the_next_one() -> None:
    hits = [seen(n, OPEN, marks=PLAIN, network=n, base=2, sure=Confidence.MEDIUM) for n in (1, 2, 3)]
    window = add_hits(b"", b"".join(packed(*hits[:2])), SETTINGS, lambda: 0).window
    assert are_quiet(window)
    lower = WindowSettings(networks=2)
    assert not leave_two_alone(lower)
    added = add_hits(window, packed(hits[2])[0], lower, lambda: 0)
    assert {one.sighting.id for one in added.corrections} == {one.id for one in hits[:2]}
    assert read_window(added.window)[-1].id == hits[2].id
    assert len(read_window(added.window)) == 3


def test_the_window_of_one_hit_is_that_hit() -> None:
    entry = packed(seen(5, OPEN))[0]
    added = add_hits(b"", entry, SETTINGS, lambda: 0)
    assert added.window == entry
    assert not hits_left(entry)
    assert people_times(entry).first_open == seen(5, OPEN).at
    [shared] = add_hits(entry, b"", SETTINGS, lambda: 0, {seen(5, OPEN).id}).corrections
    assert verdict(shared.reviewed.verdict) is Verdict.MACHINE_SUSPECTED


def test_the_first_click_of_a_sweep_is_judged_again() -> None:
    first = add_hits(b"", packed(seen(0, link=0))[0], SETTINGS, lambda: 0)
    assert not first.corrections
    rest = add_hits(first.window, b"".join(packed(*(seen(n / 10, link=n) for n in range(1, 10)))), SETTINGS, lambda: 0)
    [correction] = rest.corrections
    assert verdict(correction.sighting.standing) is Verdict.HUMAN
    assert verdict(correction.reviewed.verdict) is Verdict.MACHINE
    assert correction.reviewed.why == "10 links in 0.9 s"
    assert rest.times is not None
    assert rest.times.first_click == 0


def test_a_sweep_of_more_links_than_fit_is_one_all_the_same() -> None:
    hits = [seen(n / 50, link=n) for n in range(3 * LIMIT)]
    random.Random(5).shuffle(hits)
    assert {verdict(one) for one in _replayed(hits, random.Random(6)).values()} == {Verdict.MACHINE}


@pytest.mark.parametrize("shuffled", [False, True])
def test_an_opening_by_proxy_counts_also_when_what_it_does_not_repeat_left_the_window(shuffled: bool) -> None:
    """At 0 s opened, at 14 and 28 s loaded again, at 42 s opened again, whatever else comes."""
    proxied = [
        seen(t, OPEN, marks=PROXIED, base=PROXIED_HUMAN, sure=Confidence.HIGH, network=9) for t in (0, 14, 28, 42)
    ]
    others = [seen(43 + n, PAGE, marks=LEAVING, visitor=2) for n in range(LIMIT)]
    hits = [*proxied, *others[: LIMIT - 4], *others[LIMIT - 4 :]]
    if shuffled:
        hits = [*proxied, *others[:20], others[25], *others[20:25], *others[26:]]
    standing = _replayed(hits, random.Random(3))
    found = [verdict(standing[one.id]) for one in proxied]
    assert found == [Verdict.HUMAN_PROXIED, Verdict.MACHINE, Verdict.MACHINE, Verdict.HUMAN_PROXIED]


def test_times_of_people_outlive_the_hits_that_left_the_window() -> None:
    early = [seen(n * 1000, OPEN) for n in range(LIMIT + 5)]
    late = [seen(100_000 + n / 10, link=n) for n in range(5)]
    window = _whole(*early, late[0]).window
    added = add_hits(window, b"".join(packed(*late[1:])), SETTINGS, lambda: 0)
    assert added.times is not None
    assert added.times.first_open == early[0].at
    assert added.times.last_open == early[-1].at
    assert added.times.last_click == 0
