"""Records packed by hand are those the journal's own encoder makes."""

from hypothesis import given
from hypothesis import strategies as st

from postlude.edge import records
from postlude.model.observation import Hit, decode_observation, encode_observation
from postlude.model.words import HitEndpoint
from postlude.tokens import KeyRing, Kind, TokenCodec

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
IDS = st.integers(1, (1 << 63) - 1)


@given(st.sampled_from(HitEndpoint), st.sampled_from(Kind), IDS, IDS, st.integers(-1, 99_999), st.text(max_size=40))
def test_a_packed_record_is_the_hit(  # noqa: PLR0917 - one strategy each
    endpoint: HitEndpoint, kind: Kind, scope: int, copy: int, position: int, agent: str
) -> None:
    payload = CODEC.verify_read(CODEC.mint_copy(kind, scope, copy).read.encode())
    assert payload is not None
    headers, facts = {"accept": agent}, {"network": "x"}
    end = records.tail(agent, "1.2.3.0", headers, facts)
    hit = Hit(1_790_000_000_000_000, endpoint, kind, scope, copy, position, "GET", agent, "1.2.3.0", headers, facts)
    assert (
        decode_observation(records.hit(hit.at, (endpoint, payload, position), "GET", end))
        == decode_observation(encode_observation(hit))
        == hit
    )
    expected = Hit(hit.at, HitEndpoint.PIXEL, kind, scope, copy, -1, "GET", agent, "1.2.3.0", headers, facts)
    at = records.pixel_start(hit.at, kind)
    parts = (at, payload[records.SCOPE], records.UINT64, payload[records.COPY], records.PIXEL_END, end)
    assert decode_observation(b"".join(parts)) == expected
