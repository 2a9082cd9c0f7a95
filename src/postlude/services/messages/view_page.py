"""View in browser for a single message: a finished page, created when the message is sent, if its sender asks for it.

The edge serves the page and never parses mail: no content may delay the pixels and links of others.
"""

import logging
from html import escape
from pathlib import Path
from typing import Final

from postlude.kit.bounded import WeightedCache
from postlude.kit.ids import id_text
from postlude.mail.bodies import read_bodies
from postlude.model.errors import StorageError
from postlude.services.served_files import write_durably

LARGEST: Final = 4 << 20
"""Bytes of a mail that gets a page, and of the page; a newsletter has under 1 MB."""
_REMEMBERED: Final = 4096

_log = logging.getLogger(__name__)


class ViewPages:
    """Makes the pages in one folder, once a message. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self._made: Final[WeightedCache[int, bool]] = WeightedCache(_REMEMBERED)

    def make(self, message: int, raw: bytes) -> bool:
        """Write the message's page into the folder; False when it has none or the disk refused, which is logged."""
        made = self._made.get(message)
        if made is None:
            made = self._write(message, raw)
            self._made.put(message, made, 1)
        return made

    def _write(self, message: int, raw: bytes) -> bool:
        path = self._folder / f"{id_text(message)}.html"
        if path.exists():
            return True
        try:
            page = as_page(raw)
            if page is not None:
                write_durably(path, page)
        except StorageError as error:
            _log.error("message %016x is sent without a view in browser: %s", message, error)
            return False
        return page is not None


def as_page(raw: bytes) -> bytes | None:
    """The HTML of a mail with the pictures it carries, else its text; None when it has neither or is too large.

    Linear in the mail's size, however it is built; pictures beyond `LARGEST` stay away.
    """
    if len(raw) > LARGEST:
        return None
    bodies = read_bodies(raw)
    if bodies.html is not None:
        text = bodies.html_with_images(LARGEST - len(bodies.html))
    elif bodies.text is not None:
        text = f'<!doctype html><meta charset=utf-8><pre style="white-space:pre-wrap">{escape(bodies.text)}</pre>'
    else:
        return None
    page = text.encode("utf-8", "replace")
    return page if len(page) <= LARGEST else None
