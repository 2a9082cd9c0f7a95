"""The edge's small parts, one by one."""

from pathlib import Path

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postlude.edge import records
from postlude.edge.address import AddressKeeper, Proxies
from postlude.edge.answer import http_date
from postlude.edge.config import AddressForm
from postlude.edge.forms import fields
from postlude.edge.headers import Heads, RequestHead
from postlude.edge.pages.language import choose, load_texts
from postlude.edge.proxyline import read_proxy_line
from postlude.edge.revoked import read_revoked, write_revoked
from postlude.model.observation import Hit, decode, encode
from postlude.model.words import HitEndpoint
from postlude.tokens import KeyRing, Kind, TokenCodec

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
IDS = st.integers(1, (1 << 63) - 1)
DAY = 86_400_000_000


@given(st.sampled_from(HitEndpoint), st.sampled_from(Kind), IDS, IDS, st.integers(-1, 99_999), st.text(max_size=40))
def test_a_packed_record_is_the_hit(  # noqa: PLR0917 - one strategy each
    endpoint: HitEndpoint, kind: Kind, scope: int, copy: int, position: int, agent: str
) -> None:
    payload = CODEC.verify_read(CODEC.mint_copy(kind, scope, copy).read.encode())
    assert payload is not None
    headers, facts = {"accept": agent}, {"network": "x"}
    end = records.tail(agent, "1.2.3.0", headers, facts)
    hit = Hit(1_790_000_000_000_000, endpoint, kind, scope, copy, position, "GET", agent, "1.2.3.0", headers, facts)
    assert decode(records.hit(hit.at, (endpoint, payload, position), "GET", end)) == decode(encode(hit)) == hit
    expected = Hit(hit.at, HitEndpoint.PIXEL, kind, scope, copy, -1, "GET", agent, "1.2.3.0", headers, facts)
    at = records.pixel_start(hit.at, kind)
    parts = (at, payload[records.SCOPE], records.UINT64, payload[records.COPY], records.PIXEL_END, end)
    assert decode(b"".join(parts)) == expected


class _Full:
    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pairs.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_message_complete(self) -> None:
        self.complete = True


_NAME = st.sampled_from(
    [b"Host", b"User-Agent", b"Accept", b"X-A", b"Content-Length", b"Connection", b"Range", b"a b", b""]
)
_VALUE = st.binary(max_size=12) | st.sampled_from([b"0", b"close", b"keep-alive", b"  x  ", b"a\tb"])


@example([(b"User-Agent", b":", b"! ")])
@given(st.lists(st.tuples(_NAME, st.sampled_from([b":", b": ", b" :", b""]), _VALUE), max_size=4))
def test_the_short_way_understands_only_what_the_full_parser_does(lines: list[tuple[bytes, bytes, bytes]]) -> None:
    block = b"".join(b"".join(line) + b"\r\n" for line in lines) + b"\r\n"
    head = Heads().learn(block)
    if head is None:
        return
    full = _Full()
    parser = httptools.HttpRequestParser(full)
    parser.feed_data(b"GET / HTTP/1.1\r\n" + block)
    assert full.complete
    assert parser.should_keep_alive()
    other = RequestHead(full.pairs)
    assert head.user_agent == other.user_agent
    assert head.kept == other.kept
    assert head.forwarded == other.forwarded


def test_address_forms(tmp_path: Path) -> None:
    def kept(form: AddressForm, address: str, now: int = 0) -> str:
        return AddressKeeper(form, tmp_path / "key").keep(address, now)

    assert kept(AddressForm.FULL, "203.0.113.77") == "203.0.113.77"
    assert kept(AddressForm.NONE, "203.0.113.77") == ""
    assert kept(AddressForm.TRUNCATED, "203.0.113.77") == "203.0.113.0"
    assert kept(AddressForm.TRUNCATED, "::ffff:203.0.113.77") == "203.0.113.0"
    assert kept(AddressForm.TRUNCATED, "2001:db8:1:2:3::4") == "2001:db8:1::"
    assert kept(AddressForm.TRUNCATED, "unix") == ""
    first = kept(AddressForm.HASHED, "203.0.113.77")
    assert len(first) == 16
    assert kept(AddressForm.HASHED, "203.0.113.77") == first  # another edge with the same file
    assert kept(AddressForm.HASHED, "203.0.113.78") != first
    assert kept(AddressForm.HASHED, "203.0.113.77", DAY) != first
    assert kept(AddressForm.HASHED, "203.0.113.77", 0) != first  # the first day's key is gone


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("nonsense", "10.0.0.1"),
        ("198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
    ],
)
def test_forwarded_for(forwarded: str, expected: str) -> None:
    assert Proxies(["10.0.0.0/8"]).visitor("10.0.0.1", forwarded) == expected
    assert Proxies([]).visitor("10.0.0.1", forwarded) == "10.0.0.1"


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n", b"PROXY x y\r\n", b"PROXY TCP4 a b c d\r\n", b"P" + b"x" * 200]
)
def test_what_is_no_proxy_line(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_proxy_line(data)


def test_a_proxy_line_may_come_in_pieces() -> None:
    line = b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n"
    assert all(read_proxy_line(line[:n]) is None for n in range(len(line)))
    assert read_proxy_line(line + b"GET") == ("2001:db8::1", len(line))
    assert read_proxy_line(b"PROXY UNKNOWN\r\n") == ("", 15)


def test_forms() -> None:
    assert fields("", b"a=1&b=%C3%A9&a=2") == {"a": "2", "b": "é"}
    assert fields("", b"&".join([b"a=1"] * 250)) == {}
    assert fields("multipart/form-data; boundary=q", b"no parts") == {}


def test_every_language_has_every_text() -> None:
    texts = load_texts()
    assert set(texts) == {"en", "de", "fr"}
    assert {frozenset(text) for text in texts.values()} == {frozenset(texts["en"])}
    assert all(value.strip() for text in texts.values() for value in text.values())


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("de-CH,de;q=0.9", "de"),
        ("fr;q=0.2, de;q=0.3", "de"),
        ("ja, fr;q=0.1", "fr"),
        ("", "en"),
        ("*", "en"),
        ("de;q=x", "en"),
    ],
)
def test_the_language_is_the_visitors(accept: str, expected: str) -> None:
    assert choose(accept, load_texts()) == expected


@given(st.sets(st.integers(0, (1 << 64) - 1), max_size=50), st.sets(IDS, max_size=5))
def test_withdrawn_copies_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, opens: set[int], clicks: set[int]
) -> None:
    path = tmp_path_factory.mktemp("revoked") / "revoked.bin"
    write_revoked(path, opens, clicks, {(1, 2, 3): "https://x.example/"})
    revoked = read_revoked(path)
    assert all(copy in revoked.opens for copy in opens)
    assert all((copy in revoked.opens) == (copy in opens) for copy in clicks)
    assert len(revoked.clicks) == len(clicks)
    assert revoked.links == {(1, 2, 3): "https://x.example/"}


def test_dates() -> None:
    assert http_date(784_111_777_000_000) == "Sun, 06 Nov 1994 08:49:37 GMT"
