"""Several hits together: what outweighs what."""

from postlude.classify import Confidence, Sighting, WindowSettings, reconsider
from postlude.model.words import Verdict
from support.sightings import seen, verdict

H, M, S = Verdict.HUMAN, Verdict.MACHINE, Verdict.MACHINE_SUSPECTED
WITHOUT = WindowSettings()


def sweep(links: int, *, every: float = 0.1) -> list[Sighting]:
    return [seen(n * every, link=n) for n in range(links)]


def test_all_links_of_a_short_message_are_a_machine_s() -> None:
    window = sweep(4)
    assert {verdict(one.verdict) for one in reconsider(window, WITHOUT, 4)} == {M}
    assert {verdict(one.verdict) for one in reconsider(window, WITHOUT, 5)} == {S}


def test_what_was_counted_is_said_in_numbers() -> None:
    assert reconsider(sweep(9, every=0.05), WITHOUT)[0].why == "9 links in 0.4 s"


def test_the_sender_and_what_is_certain_are_left_as_they_are() -> None:
    certain = [seen(n * 0.1, link=n, sure=Confidence.CERTAIN) for n in range(9)]
    assert {verdict(one.verdict) for one in reconsider(certain, WITHOUT)} == {H}
    own = [one._replace(code=one.code | 5 << 3) for one in sweep(9)]
    assert {verdict(one.verdict) for one in reconsider(own, WITHOUT)} == {Verdict.SELF}


def test_thresholds_are_settings() -> None:
    strict = WindowSettings(sweep_links=2, sweep_certain=2)
    assert {verdict(one.verdict) for one in reconsider(sweep(2), strict)} == {M}
