"""Nothing but what was minted verifies."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from postlude.tokens import KeyRing, Kind, TagPurpose, TokenCodec, Urls, Use, split_link

CODEC = TokenCodec(KeyRing({1: b"a" * 32, 2: b"b" * 32}, 2))
IDS = st.integers(0, (1 << 64) - 1)


@given(st.sampled_from(Kind), IDS, IDS)
def test_no_flipped_bit_verifies(kind: Kind, scope: int, copy: int) -> None:
    for token in CODEC.mint_copy(kind, scope, copy):
        raw = urlsafe_b64decode(token)
        for bit in range(len(raw) * 8):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            forged = urlsafe_b64encode(bytes(changed))
            assert CODEC.verify_read(forged) is None
            assert CODEC.verify_act(forged) is None


@given(st.sampled_from(Kind), IDS, IDS)
def test_neither_token_of_a_copy_does_the_work_of_the_other(kind: Kind, scope: int, copy: int) -> None:
    tokens = CODEC.mint_copy(kind, scope, copy)
    assert CODEC.read_read(tokens.read) == (2, kind, scope, copy, Use.READ)
    assert CODEC.read_act(tokens.act) == (2, kind, scope, copy, Use.ACT)
    assert CODEC.read_act(tokens.read) is None
    assert CODEC.read_read(tokens.act) is None


@given(st.sampled_from(Kind), IDS, IDS)
def test_a_minter_of_many_copies_mints_what_is_minted_one_by_one(kind: Kind, scope: int, copy: int) -> None:
    minter = CODEC.minter(kind, scope)
    assert minter.tokens(copy) == CODEC.mint_copy(kind, scope, copy)
    assert (minter.read(copy), minter.act(copy)) == minter.tokens(copy)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_no_token(data: bytes) -> None:
    assert CODEC.verify_read(data) is None
    assert CODEC.verify_act(data) is None


@given(IDS, IDS)
def test_a_token_has_one_spelling(scope: int, copy: int) -> None:
    token = CODEC.mint_copy(Kind.MESSAGE, scope, copy).read.encode()
    raw = urlsafe_b64decode(token)
    other = b64encode(raw)
    assert other == token or CODEC.verify_read(other) is None
    for spelling in (token + b"=", token + b"\n", b" " + token[:-1], token[:-1] + b"=", token.lower() + b"!"):
        assert CODEC.verify_read(spelling) is None


@given(IDS, st.integers(0, 99_999), st.text(min_size=1, max_size=60))
def test_a_link_of_another_position_or_message_does_not_verify(scope: int, position: int, url: str) -> None:
    ref = CODEC.read_read(CODEC.mint_copy(Kind.CAMPAIGN, scope, 7).read)
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
def test_a_tag_has_one_spelling_in_either_case(copy: int) -> None:
    tag = CODEC.mint_tag(TagPurpose.REPLY, copy)
    assert CODEC.read_tag(TagPurpose.REPLY, tag.upper()) == copy
    spellings = {tag[:-1] + last for last in "abcdefghijklmnopqrstuvwxyz234567"} | {tag.replace("s", "\u017f")}
    assert [one for one in spellings if CODEC.read_tag(TagPurpose.REPLY, one) == copy] == [tag]


@given(IDS)
def test_a_tag_of_one_purpose_is_none_of_another(copy: int) -> None:
    for purpose in TagPurpose:
        tag = CODEC.mint_tag(purpose, copy)
        assert [other for other in TagPurpose if CODEC.read_tag(other, tag) == copy] == [purpose]


def test_an_url_that_carries_an_act_token_is_told_in_any_encoding() -> None:
    urls = Urls(CODEC, "https://t.example.org", Kind.CAMPAIGN, 7)
    act, read = urls.act_token(5), urls.token(5)
    head, _ = urls.view()
    page = head + act
    once = quote(page, safe="")
    for url in (
        f"{page}?x=1",
        f"{page}#a",
        f"{page}/x?y",
        f"https://x.example/?back={once}",
        f"https://x.example/{quote(once)}",
        f"https://x.example/#{act}",
        f"https://x.example/?back=-{act}A",
    ):
        found = urls.recognise(url)
        assert found is not None, url
        assert found.endpoint in {"view", "carrier"}
        assert found.ref.copy == 5
    assert urls.recognise(f"https://x.example/?back={read}") is None
    assert urls.recognise(f"https://x.example/?back={'A' * 36}") is None
