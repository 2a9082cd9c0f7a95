"""Readers are drawn once and for all."""

from collections import Counter

from postlude.population import READINGS, draw_readers


def test_the_same_seed_draws_the_same_readers() -> None:
    assert draw_readers(200, 5) == draw_readers(200, 5)
    assert draw_readers(200, 5) != draw_readers(200, 6)


def test_every_way_of_reading_is_there() -> None:
    assert {one.reading for one in draw_readers(2_000, 1)} == set(READINGS)


def test_an_office_comes_from_one_address() -> None:
    lines = Counter(one.line for one in draw_readers(3_000, 1))
    assert max(lines.values()) >= 10


def test_without_filters_there_are_none() -> None:
    assert {one.filter for one in draw_readers(500, 1, filtered=False)} == {""}


def test_apple_and_blocked_images_hide_an_opening() -> None:
    hidden = {one.reading for one in draw_readers(2_000, 1) if not one.knowable}
    assert hidden == {"apple-privacy", "images-blocked"}
