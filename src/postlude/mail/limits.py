"""Limits on mail: one set of numbers for both SMTP servers, the web app, the API and the CLI.

All who read mail keep to them: what goes out (`instrument`), what comes back (`feedback`), what is shown (`bodies`).
A mail within these limits is parsed in bounded time, whatever its content; one beyond them is refused with the remedy,
or its rest is left unchanged. Real mail stays far below: Postfix ends a header block at 100 kB.
"""

import re
from typing import Final

HEAD_BYTES: Final = 262_144
"""Of the header block, with its line ends."""
HEAD_FIELDS: Final = 1_000
"""Header fields of a message."""
FIELD_BYTES: Final = 65_536
"""Of one header field, folded as it came; 1,000 recipients in To take about 40 kB."""
PARAMETERS: Final = 100
"""Parameters read of a Content-Type or Content-Disposition; RFC 2231 cuts a long name into several."""
PARTS: Final = 1_000
"""MIME parts of a message that are opened; what is behind them stays as it is."""
PART_HEADS_BYTES: Final = 1 << 20
"""Of the headers of all parts together; what is behind them stays as it is. Real parts have a few hundred each."""
LARGE: Final = 1 << 20
"""Bytes from which on a message takes so long that the others do not wait for it: it goes a way of its own."""
DEPTH: Final = 20
"""Depth of nested multiparts; deeper ones stay unchanged."""
LINKS: Final = 100_000
"""Links of a message that are tracked: a tracked URL holds a position of up to five digits."""
SHOWN_BYTES: Final = 16 << 20
"""Of the images a mail carries, where it is shown: one image may be named ten thousand times."""
ADDRESSES: Final = 1_000
"""Recipients of a message, and addresses read from one header field."""
REFERENCES_CHARACTERS: Final = 900
"""Of the References field of a copy: the oldest and the newest ids that fit (RFC 5322 2.1.1 ends a line at 998)."""

_END: Final = re.compile(rb"\r?\n\r?\n")
_NEXT_FIELD: Final = re.compile(rb"\n(?![ \t])")


def head_refusal(raw: bytes) -> str | None:
    """Why the header block is larger than what is taken, for the sender; None when it is not. Looks no further."""
    start = raw[: HEAD_BYTES + 4]
    end = _END.search(start)
    size = end.start() if end is not None else len(start)
    if size > HEAD_BYTES:
        return f"The header is larger than the {HEAD_BYTES:,} bytes taken here; send less of it"
    fields = _NEXT_FIELD.split(start[:size])
    if len(fields) > HEAD_FIELDS:
        return f"The header has more than the {HEAD_FIELDS:,} fields accepted here; remove those that are not needed"
    longest = max(fields, key=len)
    if len(longest) > FIELD_BYTES:
        name = longest[:40].partition(b":")[0].decode("ascii", "replace")
        return f"The field {name} is longer than the {FIELD_BYTES:,} bytes taken here; shorten it"
    return None
