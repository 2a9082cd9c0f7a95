"""Copies are sorted by what was seen of them and of their recipients."""

import pytest

from postlude.analytics import CopyGroup, OpenCounts, PastKind, count_groups

OPENED = CopyGroup(300, opened=True, unknown=False, responded=False)
CLICKED = CopyGroup(60, opened=True, unknown=False, responded=True)
APPLE = CopyGroup(200, opened=False, unknown=True, responded=False)
APPLE_CLICKED = CopyGroup(20, opened=False, unknown=True, responded=True)
UNSEEN_CLICKED = CopyGroup(15, opened=False, unknown=False, responded=True)
NOTHING = CopyGroup(400, opened=False, unknown=False, responded=False)


def only(group: CopyGroup) -> OpenCounts:
    return count_groups([group])


def test_a_pixel_of_a_person_tells() -> None:
    assert only(OPENED).knowable == 300
    assert only(OPENED).opened == 300


def test_apple_does_not_tell() -> None:
    assert only(APPLE).unknowable == 200
    assert only(APPLE).unknowable_opened == 0


def test_a_click_through_apple_shows_the_opening() -> None:
    assert only(APPLE_CLICKED).unknowable_opened == 20


def test_a_click_without_a_pixel_means_blocked_images() -> None:
    assert only(UNSEEN_CLICKED).unknowable == 15


@pytest.mark.parametrize(
    ("past", "knowable"),
    [(PastKind.SEEN, 400), (PastKind.APPLE, 0), (PastKind.BLOCKED, 0), (PastKind.NOTHING, 376)],
)
def test_where_nothing_was_seen_the_past_decides(past: PastKind, knowable: int) -> None:
    group = CopyGroup(400, opened=False, unknown=False, responded=False, past=past)
    assert only(group).knowable == knowable


def test_without_a_past_the_share_of_blocked_images_divides() -> None:
    found = count_groups([OPENED, CLICKED, UNSEEN_CLICKED, NOTHING])
    blocked = (15 + 1.8) / (75 + 30) * 775
    assert found.unknowable == pytest.approx(blocked)
    assert found.knowable == pytest.approx(775 - blocked)


def test_the_past_of_both_is_kept_apart() -> None:
    known = CopyGroup(10, opened=True, unknown=False, responded=False, past_delivered=40, past_responded=4)
    hidden = CopyGroup(10, opened=False, unknown=True, responded=False, past_delivered=50, past_responded=9)
    found = count_groups([known, hidden, OPENED])
    assert found.past_knowable.responded == 4
    assert found.past_unknowable.delivered == 50
    assert found.past_knowable.copies == 10
