"""What is known of a simulated request, written as a line of NDJSON for each."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.model.errors import StorageError
from postlude.population import Doer


class SimulatedHit(msgspec.Struct, frozen=True, gc=False):
    """One request that was made, and who made it."""

    at: int
    """Its microsecond, which no other request of this copy has."""
    copy: int
    recipient: str
    link: int
    """Number of the link in the mail, -1 for the pixel, -2 for the page to unsubscribe, -3 for a reply."""
    doer: Doer
    method: str
    reading: str
    """What the recipient reads with."""
    filter: str
    """The filter before them; empty: none."""
    status: int = 0
    """Of the answer; 0 where none was waited for."""


class CopyTruth(msgspec.Struct, frozen=True, gc=False):
    """What the recipient of one copy did."""

    copy: int
    recipient: str
    knowable: bool
    """Whether their pixel tells that they opened it."""
    opened: bool
    links: tuple[int, ...]
    replied: bool
    bounced: bool


_encode: Final = msgspec.json.Encoder().encode


def write_truth(path: Path, lines: Iterable[SimulatedHit | CopyTruth]) -> None:
    """One JSON object a line; numbers of copies as text, since they have 63 bits."""
    body = b"".join(_line(line) for line in lines)
    try:
        replace_durably(path, body, mode=0o640)
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error


def _line(line: SimulatedHit | CopyTruth) -> bytes:
    fields = msgspec.structs.asdict(line)
    kind = "hit" if isinstance(line, SimulatedHit) else "copy"
    return _encode({"type": kind, **fields, "copy": f"{line.copy:016x}"}) + b"\n"
