"""Nothing but what was minted verifies."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from postlude.tokens import KeyRing, Kind, TagPurpose, TokenCodec, split_link

CODEC = TokenCodec(KeyRing({1: b"a" * 32, 2: b"b" * 32}, 2))
IDS = st.integers(0, (1 << 64) - 1)


@given(st.sampled_from(Kind), IDS, IDS)
def test_no_flipped_bit_verifies(kind: Kind, scope: int, copy: int):
    token = CODEC.mint_copy(kind, scope, copy)
    ref = CODEC.read_copy(token)
    assert ref is not None
    assert (ref.kind, ref.scope, ref.copy) == (kind, scope, copy)
    raw = urlsafe_b64decode(token)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert CODEC.verify_copy(urlsafe_b64encode(bytes(changed))) is None


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_no_token(data: bytes):
    assert CODEC.verify_copy(data) is None


@given(IDS, IDS)
def test_a_token_has_one_spelling(scope: int, copy: int):
    token = CODEC.mint_copy(Kind.MESSAGE, scope, copy).encode()
    raw = urlsafe_b64decode(token)
    other = b64encode(raw)
    assert other == token or CODEC.verify_copy(other) is None
    for spelling in (token + b"=", token + b"\n", b" " + token[:-1], token[:-1] + b"=", token.lower() + b"!"):
        assert CODEC.verify_copy(spelling) is None


@given(IDS, st.integers(0, 99_999), st.text(min_size=1, max_size=60))
def test_a_link_of_another_position_or_message_does_not_verify(scope: int, position: int, url: str):
    ref = CODEC.read_copy(CODEC.mint_copy(Kind.CAMPAIGN, scope, 7))
    assert ref is not None
    parts = split_link(CODEC.link_tail(Kind.CAMPAIGN, scope, position, url))
    assert parts is not None
    _, mac, encoded = parts
    assert CODEC.read_link(ref, position, mac, encoded) == url
    assert CODEC.read_link(ref, position + 1, mac, encoded) is None
    assert CODEC.read_link(ref._replace(scope=scope ^ 1), position, mac, encoded) is None
    assert CODEC.read_link(ref._replace(kind=Kind.MESSAGE), position, mac, encoded) is None
    assert CODEC.read_link(ref._replace(key_id=1), position, mac, encoded) is None


@given(IDS)
def test_a_tag_of_one_purpose_is_none_of_another(copy: int):
    for purpose in TagPurpose:
        tag = CODEC.mint_tag(purpose, copy)
        assert [other for other in TagPurpose if CODEC.read_tag(other, tag) == copy] == [purpose]
