"""The PROXY line of HAProxy."""

import pytest

from postlude.edge.proxyline import read_proxy_line


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
