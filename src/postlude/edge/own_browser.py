"""A user's own browser: the edge's one cookie, set for who asked for it in the web app's preferences, never for others.

With it a visit is stored with the user's id, and the digest knows the sender's own visits.
"""

from typing import Final

from postlude.edge.core import Core, Waiter
from postlude.edge.headers import OWN_BROWSER
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import Request
from postlude.edge.target import readings, without_query
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.tokens import MarkPurpose

PATH: Final = b"own-browser"
_YEAR_S: Final = 365 * 86_400


class OwnBrowser:
    """`/own-browser/LINK` sets the mark, `/own-browser/LINK/off` takes it away; both go back to the preferences."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def slow(self, request: Request, _conn: Waiter) -> bytes:
        """The whole answer; nothing is stored."""
        core = self._core
        target = next(one for one in readings(request.target) if one.prefix == PATH)
        user = core.codec.own_browser.read(MarkPurpose.LINK, without_query(target.token), core.clock.now())
        if user is None or request.method != "GET":
            return core.done(request, RequestOutcome.BAD_TOKEN, core.answers.text(404, "Not found\n"))
        off = without_query(target.rest) == b"off"
        cookie = f"{OWN_BROWSER}=; Max-Age=0" if off else f"{OWN_BROWSER}={self._mark(user)}; Max-Age={_YEAR_S}"
        # In a webmail's page the pixel is another site's image: only `None` is sent there, and only over https.
        site = "SameSite=None; Secure" if core.config.own_browser_secure else "SameSite=Lax"
        back = f"{core.config.own_browser_back}?browser={'off' if off else 'on'}"
        headers = {"Location": back, "Set-Cookie": f"{cookie}; Path=/; HttpOnly; {site}"}
        return core.done(request, RequestOutcome.FILE, core.answers.build(303, b"", headers))

    def _mark(self, user: int) -> str:
        until = self._core.clock.now() + _YEAR_S * MICROS_PER_SECOND
        return self._core.codec.own_browser.mint(MarkPurpose.MARK, user, until)
