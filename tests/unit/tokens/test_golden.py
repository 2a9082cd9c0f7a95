"""What was minted once verifies for good. Never change a value here: such tokens are in mail that was sent."""

import pytest

from postlude.tokens import KeyRing, Kind, TagPurpose, TokenCodec, Use, split_link

CODEC = TokenCodec(KeyRing({1: b"a" * 32, 2: b"b" * 32}, 2))
SCOPE, COPY = 0x1122334455667788, 0x0102030405060708
BOTH = [
    (Kind.MESSAGE, 2, "AgERIjNEVWZ3iAECAwQFBgcIhrZfSzVllDaT"),
    (Kind.MESSAGE, 1, "AQERIjNEVWZ3iAECAwQFBgcItTTB-kydtla4"),
    (Kind.CAMPAIGN, 2, "AgIRIjNEVWZ3iAECAwQFBgcI-dI25PzyUmOl"),
    (Kind.CAMPAIGN, 1, "AQIRIjNEVWZ3iAECAwQFBgcItat0PFg8lR_k"),
]
"""Minted before a copy had two tokens."""
READ = [
    (Kind.MESSAGE, "AhERIjNEVWZ3iAECAwQFBgcIWQGrLPvLLiB8"),
    (Kind.CAMPAIGN, "AhIRIjNEVWZ3iAECAwQFBgcIUwDWD9QMFbsU"),
]
ACT = [
    (Kind.MESSAGE, "AiERIjNEVWZ3iAECAwQFBgcIG1hfuotaAUnb"),
    (Kind.CAMPAIGN, "AiIRIjNEVWZ3iAECAwQFBgcIvw6HeTbMtRmb"),
]


@pytest.mark.parametrize(("kind", "key", "token"), BOTH)
def test_a_token_from_before_there_were_two_reads_and_acts(kind: Kind, key: int, token: str) -> None:
    expected = (key, kind, SCOPE, COPY, Use.BOTH)
    assert CODEC.read_read(token) == expected
    assert CODEC.read_act(token) == expected


@pytest.mark.parametrize(("kind", "token"), READ)
def test_a_read_token_reads_and_does_not_act(kind: Kind, token: str) -> None:
    assert CODEC.read_read(token) == (2, kind, SCOPE, COPY, Use.READ)
    assert CODEC.read_act(token) is None


@pytest.mark.parametrize(("kind", "token"), ACT)
def test_an_act_token_acts_and_does_not_read(kind: Kind, token: str) -> None:
    assert CODEC.read_act(token) == (2, kind, SCOPE, COPY, Use.ACT)
    assert CODEC.read_read(token) is None


def test_links_tags_confirmations_and_hooks() -> None:
    ref = CODEC.read_read(BOTH[2][2])
    parts = split_link("7.d6p_q_8-R-E/https%3A%2F%2Fshop.example%2Fa%3Fb%3Dc%26d%3D%C3%A9")
    assert ref is not None
    assert parts is not None
    assert CODEC.read_link(ref, *parts) == "https://shop.example/a?b=c&d=é"
    tags = {
        TagPurpose.BOUNCE: "aiaqeayeaudaochubqzagbrmjtuq",
        TagPurpose.REPLY: "aiaqeayeaudaocbh3zmxfnuczztq",
        TagPurpose.UNSUBSCRIBE: "aiaqeayeaudaoca2kzaahjxjotbq",
        TagPurpose.MESSAGE_ID: "aiaqeayeaudaocdhvmw5h5m57jpq",
    }
    assert {purpose: CODEC.read_tag(purpose, tag) for purpose, tag in tags.items()} == dict.fromkeys(tags, COPY)
    assert CODEC.verify_confirm(b"AgMAAAAAAAAABQAAAAAAAAAG9k0Nkq2nlUHZ") is not None
    assert CODEC.verify_hook("ses", b"AnKmb7li-dztbSXK")
