"""Files that campaigns link to, for download."""

import mimetypes
import re
from functools import partial
from typing import Final
from urllib.parse import quote, unquote

from postlude.edge.core import Core, Waiter
from postlude.edge.off_loop import FilesRead
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import Request
from postlude.edge.target import Target, readings, without_query

_ID: Final = re.compile(rb"[0-9a-f]{16}").fullmatch
_ODD: Final = re.compile(r"[^\w.,()+ -]")
_REMEMBERED_BYTES: Final = 64 << 20  # whole answers: every download of a file is written from the same bytes


class Hosted:
    """`GET /{prefix}/{file id}/{name}`: the file as an attachment of that name.

    The id is what opens it: 63 random bits, in the mail of those who got it. The click that led here was counted by
    the link's redirect. A browser never shows the file as a page of ours, whatever is in it. A file that was removed
    is not served any more, also where an edge remembered it.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._root = core.config.files
        self._read = FilesRead(_REMEMBERED_BYTES)

    def slow(self, request: Request, conn: Waiter) -> bytes | None:
        """Any method. None: the answer follows when the file was read."""
        core = self._core
        if request.method not in {"GET", "HEAD"}:
            allow = {"Allow": "GET, HEAD, OPTIONS"}
            return core.done(
                request, RequestOutcome.WRONG_METHOD, core.answers.text(405, "Method not allowed\n", allow)
            )
        named = [target for target in readings(request.target) if _ID(target.token)]
        if self._root is None or not named:
            return self._found(request, None)
        core.off_loop.run(conn, partial(self._first, named), partial(self._found, request))
        return None

    def _found(self, request: Request, answer: bytes | None) -> bytes:
        if answer is not None:
            return self._core.done(request, RequestOutcome.FILE, answer)
        answer = self._core.answers.text(404, "This file is no longer here.\n")
        return self._core.done(request, RequestOutcome.NOT_FOUND, answer)

    def _first(self, targets: list[Target]) -> bytes | None:
        return next(filter(None, map(self._answer, targets)), None)

    def _answer(self, target: Target) -> bytes | None:
        assert self._root is not None
        name = unquote(without_query(target.rest).decode("ascii", "replace"))
        path = self._root / target.token.decode("ascii")
        return self._read.get(path, name, partial(self._download, name))

    def _download(self, name: str, body: bytes) -> bytes:
        safe = _ODD.sub("_", name)[:150] or "download"
        kind = mimetypes.guess_type(safe)[0] or "application/octet-stream"
        plain = safe.encode("ascii", "replace").decode().replace("?", "_")
        named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe)}"  # RFC 6266
        return self._core.answers.build(200, body, {"Content-Type": kind, "Content-Disposition": named})
