"""Decisions become requests."""

from postlude.population import Doer, Fate, Reader, SimulatedMailing, SimulatedRequest, draw_readers, requests_of
from postlude.population.requests import PIXEL, REPLY

MAILING = SimulatedMailing(1)
READ = Fate(opened=True)


def reader(reading: str, **more: object) -> Reader:
    [one, *_] = draw_readers(1, 1)
    return one._replace(reading=reading, filter="", quick=False, tabs=False, **more)  # type: ignore[arg-type]


def all_of(reading: str, fate: Fate, **more: object) -> list[SimulatedRequest]:
    """Requests of fifty readers of one kind."""
    return [request for seed in range(50) for request in requests_of(reader(reading, seed=seed, **more), MAILING, fate)]


def test_requests_are_the_same_each_time_and_in_order() -> None:
    found = all_of("gmail", Fate(opened=True, links=(0, 2)))
    assert found == all_of("gmail", Fate(opened=True, links=(0, 2)))
    one = requests_of(reader("gmail"), MAILING, Fate(opened=True, links=(0, 2)))
    assert [request.after for request in one] == sorted(request.after for request in one)


def test_apple_loads_what_was_never_read() -> None:
    assert {request.doer for request in all_of("apple-privacy", Fate())} == {Doer.APPLE}


def test_apple_loads_no_later_than_the_message_is_opened() -> None:
    for seed in range(50):
        found = requests_of(reader("apple-privacy", seed=seed), MAILING, Fate(opened=True, links=(0,)))
        clicked = next(one.after for one in found if one.link == 0)
        assert [one.doer for one in found if one.link == PIXEL and one.after < clicked] == [Doer.APPLE]


def test_blocked_images_are_not_loaded() -> None:
    assert [request for request in all_of("images-blocked", READ) if request.link == PIXEL] == []


def test_yahoo_asks_again() -> None:
    found = [request.doer for request in all_of("yahoo", READ)]
    assert Doer.RETRY in found
    assert found.count(Doer.RETRY) <= 3 * found.count(Doer.PERSON)


def test_gmail_comes_from_its_proxy() -> None:
    found = [request for request in all_of("gmail", READ) if request.doer is Doer.PERSON]
    assert all("GoogleImageProxy" in request.program.user_agent for request in found)


def test_a_click_follows_the_opening() -> None:
    one = requests_of(reader("thunderbird"), MAILING, Fate(opened=True, links=(1,)))
    assert [request.link for request in one][:2] == [PIXEL, 1]


def test_who_is_quick_clicks_within_seconds() -> None:
    one = requests_of(reader("thunderbird")._replace(quick=True), MAILING, Fate(opened=True, links=(1,)))
    assert one[1].after < 50


def test_safe_links_looks_when_a_link_is_followed() -> None:
    found = [
        request.doer
        for seed in range(30)
        for request in requests_of(
            reader("thunderbird", seed=seed)._replace(filter="microsoft"), MAILING, Fate(opened=True, links=(1,))
        )
        if request.link == 1
    ]
    assert found.count(Doer.MACHINE) > found.count(Doer.PERSON)


def test_a_friend_reads_what_was_forwarded() -> None:
    found = all_of("thunderbird", Fate(opened=True, forwarded=True, friend_links=(3,)))
    assert {request.link for request in found if request.doer is Doer.FRIEND} == {PIXEL, 3}


def test_a_reply_is_no_request_of_a_machine() -> None:
    [reply] = [request for request in requests_of(reader("gmail"), MAILING, Fate(opened=True, replied=True))
               if request.link == REPLY]  # fmt: skip
    assert reply.doer is Doer.PERSON


def test_what_bounced_is_asked_for_by_none() -> None:
    assert requests_of(reader("gmail"), MAILING, Fate(bounced=True)) == []
