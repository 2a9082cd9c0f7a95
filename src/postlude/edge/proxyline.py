"""The PROXY protocol, versions 1 and 2: the first bytes of a connection name the visitor."""

from ipaddress import ip_address
from typing import Final, NamedTuple

_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"
_V1: Final = b"PROXY "
_V1_LONGEST: Final = 107
_HEAD: Final = 16
_LENGTHS: Final = {0x11: 4, 0x21: 16}  # TCP over IPv4, over IPv6


class ProxyLine(NamedTuple):
    """A parsed PROXY line."""

    address: str
    """The visitor's address; empty when the proxy spoke for itself."""
    length: int
    """Bytes to skip."""


def read_proxy_line(data: bytes) -> ProxyLine | None:
    """The PROXY line at the start of `data`; None while it is not whole, ValueError when there is none."""
    if data[: len(_V2)] == _V2[: len(data)]:
        return _version_2(data)
    if data[: len(_V1)] == _V1[: len(data)]:
        return _version_1(data)
    raise ValueError("no PROXY line")


def _version_1(data: bytes) -> ProxyLine | None:
    line, end, _ = data[:_V1_LONGEST].partition(b"\r\n")
    if not end:
        if len(data) >= _V1_LONGEST:
            raise ValueError("PROXY line too long")
        return None
    words = line.decode("ascii").split(" ")
    if words[1:2] == ["UNKNOWN"]:
        return ProxyLine("", len(line) + 2)
    if len(words) != 6 or words[1] not in {"TCP4", "TCP6"}:  # noqa: PLR2004 - PROXY TCP4 source destination port port
        raise ValueError("malformed PROXY line")
    return ProxyLine(str(ip_address(words[2])), len(line) + 2)


def _version_2(data: bytes) -> ProxyLine | None:
    if len(data) < _HEAD:
        return None
    end = _HEAD + int.from_bytes(data[14:16], "big")
    if data[12] >> 4 != 2:  # noqa: PLR2004 - the version
        raise ValueError("unknown PROXY version")
    if len(data) < end:
        return None
    length = _LENGTHS.get(data[13])
    if data[12] & 0xF == 0 or length is None:  # LOCAL: a health check of the proxy itself
        return ProxyLine("", end)
    if end < _HEAD + 2 * length + 4:
        raise ValueError("short PROXY addresses")
    return ProxyLine(str(ip_address(data[_HEAD : _HEAD + length])), end)
