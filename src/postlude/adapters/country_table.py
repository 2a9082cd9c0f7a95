"""Country of an address, from a table that the operator provides; searched in the file's memory pages.

`magic (4) | crc32 of the rest (4) | msgpack: [date, source, v4, v6]`; each family is three packed arrays: lowest and
highest addresses (32 bits, or the upper 64 of 128), and two letters a range.
"""

import os
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.kit.mapped import map_file
from postlude.kit.regular_file import open_regular
from postlude.model.errors import InputError, StorageError

_MAGIC: Final = b"PLC1"
_HALF: Final = 64


class _Family(msgspec.Struct, array_like=True):
    lows: memoryview
    highs: memoryview
    codes: memoryview


class _File(msgspec.Struct, array_like=True):
    date: str
    source: str
    v4: _Family
    v6: _Family


class Countries:
    """A table, open for as long as it is looked at."""

    def __init__(self, path: Path) -> None:
        """ValueError when it is not such a file."""
        with os.fdopen(open_regular(path), "rb") as file:
            if not (size := os.fstat(file.fileno()).st_size):
                raise ValueError(f"{path} is damaged")
            data = memoryview(map_file(file.fileno(), size))
        if bytes(data[:4]) != _MAGIC or crc32(data[8:]).to_bytes(4, "little") != bytes(data[4:8]):
            raise ValueError(f"{path} is damaged")
        read = msgspec.msgpack.decode(data[8:], type=_File)
        self.date, self.source = read.date, read.source
        self._v4 = (read.v4.lows.cast("B").cast("I"), read.v4.highs.cast("B").cast("I"), read.v4.codes)
        self._v6 = (read.v6.lows.cast("B").cast("Q"), read.v6.highs.cast("B").cast("Q"), read.v6.codes)

    def __len__(self) -> int:
        return len(self._v4[0]) + len(self._v6[0])

    def find(self, address: str) -> str:
        """Two letters (ISO 3166-1), empty when the table has no entry."""
        try:
            parsed = ip_address(address)
        except ValueError:
            return ""
        if isinstance(parsed, IPv6Address):
            parsed = parsed.ipv4_mapped or parsed
        six = isinstance(parsed, IPv6Address)
        number = int(parsed) >> _HALF if six else int(parsed)
        lows, highs, codes = self._v6 if six else self._v4
        index = bisect_right(lows, number) - 1
        if index < 0 or number > highs[index]:
            return ""
        return bytes(codes[2 * index : 2 * index + 2]).decode("ascii")


def write_countries(path: Path, lines: Iterable[str], *, date: str, source: str) -> int:
    """Make a table of CSV lines; how many ranges it has. InputError, with the line, for what cannot be one.

    `network,CC` or `first,last,CC`, addresses as text or as numbers, quoted or not; a heading line is passed over.
    """
    if sys.byteorder == "big":
        raise InputError("country tables are not made on big-endian machines")
    rows: dict[int, list[tuple[int, int, str]]] = {4: [], 6: []}
    for version, low, high, code in _rows(lines):
        rows[version].append((low, high, code))
    if not rows[4] and not rows[6]:
        raise InputError("no line names a network and a country; give lines like 192.0.2.0/24,DE")
    body = msgspec.msgpack.encode(_File(date, source, _packed("I", rows[4], 0), _packed("Q", rows[6], _HALF)))
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_durably(path, _MAGIC + crc32(body).to_bytes(4, "little") + body, mode=0o640)
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error
    return len(rows[4]) + len(rows[6])


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, int, int, str]]:
    for number, line in enumerate(lines, 1):
        cells = [cell.strip().strip('"') for cell in line.split(",")]
        if not line.strip() or line.startswith("#"):
            continue
        try:
            yield _range(cells)
        except ValueError as error:
            if number > 1:  # the first may be a heading
                raise InputError(f"line {number}: {error}; give lines like 192.0.2.0/24,DE") from None


def _range(cells: list[str]) -> tuple[int, int, int, str]:
    wide = "/" not in cells[0]
    code = cells[2 if wide else 1].upper() if len(cells) > 1 + wide else ""
    if len(code) != 2 or not code.isascii():  # noqa: PLR2004 - ISO 3166-1 alpha-2
        raise ValueError(f"{code!r} is not a country code of two letters")
    if not wide:
        network = ip_network(cells[0], strict=False)
        return network.version, int(network.network_address), int(network.broadcast_address), code
    low, high = (ip_address(int(cell)) if cell.isdigit() else ip_address(cell) for cell in cells[:2])
    return low.version, int(low), int(high), code


def _packed(kind: str, rows: list[tuple[int, int, str]], shift: int) -> _Family:
    rows.sort()
    lows, highs = array(kind, (low >> shift for low, _, _ in rows)), array(kind, (high >> shift for _, high, _ in rows))
    codes = "".join(code for _, _, code in rows).encode("ascii")
    return _Family(memoryview(lows.tobytes()), memoryview(highs.tobytes()), memoryview(codes))
