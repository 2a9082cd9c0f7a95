"""View in browser: a page that was finished when the mail was sent, read from its file."""

from functools import partial
from typing import Final

from postlude.edge.choices import FormEndpoint
from postlude.edge.core import Core, Waiter
from postlude.edge.off_loop import FilesRead
from postlude.edge.request import Request
from postlude.kit.ids import id_text
from postlude.model.words import HitEndpoint
from postlude.tokens import DEAD_TOKEN, Kind, Use, unpacked

LARGEST_VIEW: Final = 4 << 20
"""Bytes of a page; a newsletter has under 1 MB."""
_REMEMBERED_BYTES: Final = 8 << 20
# A mail is foreign HTML: no script, no form, no same-origin powers; pictures as in a mail client.
_MAIL_POLICY: Final = "sandbox allow-popups; default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src *"


class View(FormEndpoint):
    """The message's page for view in browser; without one, a page that says so."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self._views = core.config.views
        self._read = FilesRead(_REMEMBERED_BYTES)

    def _opens(self, payload: bytes) -> bool:
        # Old single mail never showed its recipients a view, so its tokens open none.
        ref = unpacked(payload)
        return super()._opens(payload) and not (ref.use is Use.BOTH and ref.kind is Kind.MESSAGE)

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        scope = unpacked(payload).scope
        self._core.off_loop.run(conn, partial(self._page, scope), partial(self._answer, request, conn, payload))
        return None

    def _page(self, scope: int) -> bytes | None:
        if self._views is None:
            return None
        return self._read.get(self._views / f"{id_text(scope)}.html", "", bytes, LARGEST_VIEW)

    def _answer(self, request: Request, conn: Waiter, payload: bytes, body: bytes | None) -> bytes | None:
        core = self._core
        if body is None:
            answer = core.page(410, core.pages.plain(request.head.language, "view_title", "view_gone"))
        else:
            # The page is shared by all recipients; the copy's unsubscribe and preferences links are inserted here.
            body = body.replace(DEAD_TOKEN.encode(), self._token(request).encode())
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _MAIL_POLICY}
            answer = core.answers.build(200, body, headers)
        return self._show(request, conn, (HitEndpoint.VIEW, payload), answer)
