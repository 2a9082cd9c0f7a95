"""Files that campaigns link to, for download."""

import mimetypes
import re
from collections import OrderedDict
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from postlude.edge.core import Core, Waiter
from postlude.edge.outcome import Outcome
from postlude.edge.request import Request
from postlude.edge.target import readings, without_query

_ID: Final = re.compile(rb"[0-9a-f]{16}").fullmatch
_ODD: Final = re.compile(r"[^\w.,()+ -]")
_KEPT_BYTES: Final = 64 << 20  # whole answers: every download of a file is written from the same bytes


class Hosted:
    """`GET /{prefix}/{file id}/{name}`: the file as an attachment of that name.

    The id is what opens it: 63 random bits, in the mail of those who got it. The click that led here was counted by
    the link's redirect. A browser never shows the file as a page of ours, whatever is in it.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._root = core.config.files
        self._kept: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()

    def slow(self, request: Request, _conn: Waiter) -> bytes | None:
        """Any method."""
        core = self._core
        if request.method not in {"GET", "HEAD"}:
            allow = {"Allow": "GET, HEAD, OPTIONS"}
            return core.done(request, Outcome.WRONG_METHOD, core.answers.text(405, "Method not allowed\n", allow))
        for target in readings(request.target):
            if _ID(target.token) and (answer := self._answer(target.token, without_query(target.rest))) is not None:
                return core.done(request, Outcome.FILE, answer)
        return core.done(request, Outcome.NOT_FOUND, core.answers.text(404, "This file is no longer here.\n"))

    def _answer(self, file: bytes, name: bytes) -> bytes | None:
        kept = self._kept.get((file, name))
        if kept is None and self._root is not None:
            kept = self._read(self._root / file.decode("ascii"), unquote(name.decode("ascii", "replace")))
            if kept is not None:
                self._kept[file, name] = kept
                while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT_BYTES:
                    self._kept.popitem(last=False)
        return kept

    def _read(self, path: Path, name: str) -> bytes | None:
        try:
            body = path.read_bytes()
        except OSError:
            return None
        safe = _ODD.sub("_", name)[:150] or "download"
        kind = mimetypes.guess_type(safe)[0] or "application/octet-stream"
        plain = safe.encode("ascii", "replace").decode().replace("?", "_")
        named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe)}"  # RFC 6266
        return self._core.answers.build(200, body, {"Content-Type": kind, "Content-Disposition": named})
