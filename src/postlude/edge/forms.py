"""The two bodies a form can come in, as far as our few fields need them."""

import re
from typing import Final
from urllib.parse import parse_qs

_MAX_FIELDS: Final = 200  # a preferences page may offer 100 lists
_BOUNDARY: Final = re.compile(r'multipart/form-data\s*;.*?boundary="?([^";,\s]{1,70})', re.IGNORECASE)
_NAME: Final = re.compile(rb'name="?([A-Za-z-]{1,40})"?')
_PART_HEAD: Final = 512


def form_fields(content_type: str, body: bytes) -> dict[str, str]:
    """Field values by name, the last one when a name comes twice; empty when it is not a form."""
    boundary = _BOUNDARY.match(content_type)
    if boundary:
        return _multipart(boundary[1].encode("latin-1"), body)
    try:
        # Some senders end the body with a line break, as if it were text.
        pairs = parse_qs(
            body.rstrip(b"\r\n").decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        return {}
    return {name: values[-1] for name, values in pairs.items()}


def _multipart(boundary: bytes, body: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in body.split(b"--" + boundary)[1 : _MAX_FIELDS + 1]:
        head, _, value = part.partition(b"\r\n\r\n")
        if match := _NAME.search(head[:_PART_HEAD]):
            found[match[1].decode("ascii")] = value.removesuffix(b"\r\n").decode("utf-8", "replace")
    return found
