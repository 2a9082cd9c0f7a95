"""The short way to read a header block against the full parser."""

import httptools
from hypothesis import example, given
from hypothesis import strategies as st

from postlude.edge.headers import Heads, RequestHead

_NAME = st.sampled_from(
    [b"Host", b"User-Agent", b"Accept", b"X-A", b"Content-Length", b"Connection", b"Range", b"a b", b""]
)
_VALUE = st.binary(max_size=12) | st.sampled_from([b"0", b"close", b"keep-alive", b"  x  ", b"a\tb"])


class _Full:
    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.pairs.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_message_complete(self) -> None:
        self.complete = True


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
