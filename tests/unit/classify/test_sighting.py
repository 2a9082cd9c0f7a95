import pytest

from postlude.classify import REPLY, RULES, Confidence, Sighting, code_of, judge, pack_sighting, place_of, program_of
from postlude.classify.sighting import (
    ACT,
    CLICK,
    HEAD,
    LEAVING,
    OPEN,
    PAGE,
    PLAIN,
    PROXIED,
    SIZE,
    is_by_apple,
    is_surely_read,
)
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def _code(agent: str, endpoint: HitEndpoint, method: str = "GET", **facts: str) -> Sighting:
    hit = Hit(1, endpoint, 1, 1, 1, -1, method, agent, "", {}, facts)
    return Sighting(1, 1, code_of(hit, judge(hit, sent_at=None)), -1, 0, 0, 0)


@pytest.mark.parametrize(
    ("seen", "kind", "marks"),
    [
        (_code(CHROME, HitEndpoint.PIXEL), OPEN, PLAIN),
        (_code(CHROME, HitEndpoint.PIXEL, network="apple_egress"), OPEN, 0),
        (_code(GMAIL, HitEndpoint.PIXEL), OPEN, PROXIED),
        (_code(CHROME, HitEndpoint.LINK, "HEAD"), CLICK, HEAD),
        (_code(CHROME, HitEndpoint.UNSUBSCRIBE_PAGE), PAGE, LEAVING | PLAIN),
        (_code("", HitEndpoint.UNSUBSCRIBE, "POST"), ACT, 0),
    ],
)
def test_what_is_kept_of_a_hit(seen: Sighting, kind: int, marks: int) -> None:
    assert seen.kind == kind
    assert seen.code >> 9 == marks >> 9


def test_apples_service_is_told_from_other_openings_that_stay_open() -> None:
    assert is_by_apple(_code("Mozilla/5.0", HitEndpoint.PIXEL, network="apple_egress").code)
    for other in (
        _code("Mozilla/5.0", HitEndpoint.PIXEL),
        _code("Mozilla/5.0", HitEndpoint.LINK, network="apple_egress"),
        _code("Mozilla/5.0", HitEndpoint.PIXEL, "HEAD", network="apple_egress"),
        _code(GMAIL, HitEndpoint.PIXEL),
        _code(CHROME, HitEndpoint.PIXEL),
    ):
        assert not is_by_apple(other.code)
    firm = [rule.id for rule in RULES if rule.on_open is Verdict.UNKNOWN and rule.confidence is Confidence.HIGH]
    assert firm == ["apple-mpp"]


def test_a_mail_programs_opening_is_told_from_others() -> None:
    bird = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.6.0"
    assert is_surely_read(_code(bird, HitEndpoint.PIXEL).code)
    for other in (
        _code(bird, HitEndpoint.LINK),
        _code(bird, HitEndpoint.PIXEL, "HEAD"),
        _code(CHROME, HitEndpoint.PIXEL),
        _code(GMAIL, HitEndpoint.PIXEL),
        _code("Mozilla/5.0", HitEndpoint.PIXEL, network="apple_egress"),
    ):
        assert not is_surely_read(other.code)


def test_a_reply_is_certainly_a_person() -> None:
    reply = Sighting(1, 1, REPLY, -1, 0, 0, 0)
    assert reply.kind == ACT
    assert reply.sure == Confidence.CERTAIN


def test_a_hit_takes_29_bytes() -> None:
    assert len(pack_sighting(1 << 60, 1 << 62, 0xFFFF, -1, 0xFFFFFFFF, 0xFFFFFFFF, 5)) == SIZE == 29


def test_addresses_of_one_network_are_told_from_those_of_another() -> None:
    assert place_of("192.0.2.7")[0] == place_of("192.0.2.200")[0]
    assert place_of("192.0.2.7")[1] != place_of("192.0.2.200")[1]
    assert place_of("192.0.2.7")[0] != place_of("192.0.3.7")[0]
    assert place_of("2001:db8:1:2::3")[0] == place_of("2001:db8:1:9::3")[0]
    assert place_of("2001:db8:1::")[0] == place_of("2001:db8:1:9::3")[0]
    assert place_of("").network == 0
    assert program_of(CHROME) != program_of(GMAIL)
