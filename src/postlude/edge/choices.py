"""The faces where the recipient decides: unsubscribe and preferences, and the view of the mail in a browser."""

from collections.abc import Callable
from typing import Final

from postlude.edge.core import Core, Waiter
from postlude.edge.forms import fields
from postlude.edge.lists import PublicList
from postlude.edge.outcome import Outcome
from postlude.edge.request import Request
from postlude.edge.target import readings, without_query
from postlude.model.words import HitFace
from postlude.tokens import DEAD_TOKEN

_ONE_CLICK: Final = "List-Unsubscribe"
# A stored mail is foreign HTML: no script, no form, no same-origin powers; pictures as in a mail client.
_MAIL_POLICY: Final = "sandbox allow-popups; default-src 'none'; img-src * data:; style-src 'unsafe-inline'; font-src *"


class Face:
    """A face with a page behind a copy token."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def slow(self, request: Request, conn: Waiter) -> bytes | None:
        """Any method, any spelling. None: the answer follows when the hit is durable."""
        core = self._core
        payload = self._payload(request)
        if payload is None:
            body = core.pages.plain(request.head.language, "invalid_title", "invalid_explained")
            return core.done(request, Outcome.BAD_TOKEN, core.page(404, body))
        method = self._methods().get(request.method)
        if method is None:
            headers = {"Allow": ", ".join((*self._methods(), "OPTIONS"))}
            return core.done(request, Outcome.WRONG_METHOD, core.answers.text(405, "Method not allowed\n", headers))
        return method(request, conn, payload)

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return {"GET": self._get, "HEAD": self._get}

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None: ...

    def _payload(self, request: Request) -> bytes | None:
        tokens = (without_query(target.token) for target in readings(request.target))
        return next(filter(None, map(self._core.codec.verify_copy, tokens)), None)

    def _beside(self, request: Request, prefix: str) -> str:
        """The same copy's page under another prefix."""
        tokens = (without_query(target.token) for target in readings(request.target))
        return f"/{prefix}/{next(filter(self._core.codec.verify_copy, tokens)).decode('ascii')}"

    def _show(self, request: Request, conn: Waiter, hit: tuple[HitFace, bytes], answer: bytes) -> bytes | None:
        """A page that changes nothing; that it was looked at is journaled for GET."""
        if request.method == "HEAD":
            return self._core.done(request, Outcome.STORED, answer)
        self._core.store(request, conn, (*hit, -1), answer)
        return None

    def _failed(self, request: Request) -> bytes:
        body = self._core.pages.plain(request.head.language, "failed_title", "failed_explained")
        return self._core.page(503, body, {"Retry-After": "300"})

    def _unconfirmed(self, request: Request) -> bytes:
        body = self._core.pages.plain(request.head.language, "not_confirmed_title", "not_confirmed")
        return self._core.done(request, Outcome.UNCONFIRMED, self._core.page(400, body))


class Unsubscribe(Face):
    """GET shows the question; only the button's POST or RFC 8058's unsubscribes. Repeating changes nothing more."""

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return super()._methods() | {"POST": self._post}

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        other = self._beside(request, self._core.config.prefixes.preferences)
        answer = self._core.page(200, self._core.pages.unsubscribe(request.head.language, other))
        return self._show(request, conn, (HitFace.UNSUBSCRIBE_PAGE, payload), answer)

    def _post(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        form = fields(request.head.content_type, request.body)
        one_click = form.get(_ONE_CLICK) == "One-Click"
        if not one_click and not form.get("unsubscribe"):
            return self._unconfirmed(request)
        if one_click:  # RFC 8058 3.2: no page, no redirect
            answer = core.answers.text(200, "Unsubscribed\n")
        else:
            text = core.pages.plain(request.head.language, "unsubscribe_done_title", "unsubscribe_done")
            answer = core.page(200, text)
        facts = {"how": "one-click" if one_click else "page"}
        hit_of = (HitFace.UNSUBSCRIBE, payload, -1)
        core.store(request, conn, hit_of, answer, facts=facts, lost=self._failed(request))
        return None


class Preferences(Face):
    """Tracking, lists, and what is stored. A POST is journaled with the facts that say what was chosen.

    `preferences`: `opens` and `clicks` (`on` or `off`) and `lists` (`ID+` joins, `ID-` leaves, comma-separated);
    `report`: a copy of what is stored, by mail; `erase`: everything recorded before is deleted.
    """

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return super()._methods() | {"POST": self._post}

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        copy, revoked = core.codec.unpack_copy(payload).copy, core.revoked.now
        page = core.pages.preferences(
            request.head.language,
            opens=copy not in revoked.opens,
            clicks=copy not in revoked.clicks,
            lists=core.lists.now,
            address_form=core.config.address_form,
            unsubscribe_url=self._beside(request, core.config.prefixes.unsubscribe),
        )
        return self._show(request, conn, (HitFace.PREFERENCES_PAGE, payload), core.page(200, page))

    def _post(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        form = fields(request.head.content_type, request.body)
        pages, language = self._core.pages, request.head.language
        if form.get("erase"):
            page = pages.plain(language, "erase_done_title", "erase_done")
            return self._take(request, conn, payload, {"erase": "1"}, page)
        if form.get("report"):
            page = pages.plain(language, "report_done_title", "report_done")
            return self._take(request, conn, payload, {"report": "1"}, page)
        if not form.get("preferences"):
            return self._unconfirmed(request)
        opens, clicks = bool(form.get("opens")), bool(form.get("clicks"))
        joined = self._lists(form, "yes")
        left = self._lists(form, "no")
        page = pages.preferences_done(language, opens=opens, clicks=clicks, joined=joined, left=left)
        facts = {"opens": "on" if opens else "off", "clicks": "on" if clicks else "off"}
        if joined or left:
            facts["lists"] = ",".join([*(f"{one.id}+" for one in joined), *(f"{one.id}-" for one in left)])
        return self._take(request, conn, payload, facts, page)

    def _lists(self, form: dict[str, str], answer: str) -> list[PublicList]:
        """The lists that are offered here and were answered so."""
        return [one for one in self._core.lists.now if form.get(f"list-{one.id}") == answer]

    def _take(self, request: Request, conn: Waiter, payload: bytes, facts: dict[str, str], page: bytes) -> bytes | None:
        core, hit_of = self._core, (HitFace.PREFERENCES, payload, -1)
        core.store(request, conn, hit_of, core.page(200, page), facts=facts, lost=self._failed(request))
        return None


class Confirm(Face):
    """Double opt-in: GET shows the question, only the button's POST confirms. The token names list and contact."""

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return super()._methods() | {"POST": self._post}

    def _payload(self, request: Request) -> bytes | None:
        tokens = (without_query(target.token) for target in readings(request.target))
        return next(filter(None, map(self._core.codec.verify_confirm, tokens)), None)

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        answer = self._core.page(200, self._core.pages.confirm(request.head.language))
        return self._show(request, conn, (HitFace.CONFIRM_PAGE, payload), answer)

    def _post(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        if not fields(request.head.content_type, request.body).get("confirm"):
            return self._unconfirmed(request)
        answer = core.page(200, core.pages.plain(request.head.language, "confirm_done_title", "confirm_done"))
        core.store(request, conn, (HitFace.CONFIRM, payload, -1), answer, lost=self._failed(request))
        return None


class View(Face):
    """The mail in a browser, when its text can be had without a database; else a page that says so."""

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        find = core.config.stored_body
        ref = core.codec.unpack_copy(payload)
        body = find(ref) if find else None
        if body is not None:
            # The page is everybody's; whose unsubscribe and preferences links stand in it is known only here.
            body = body.replace(DEAD_TOKEN.encode(), core.codec.mint_copy(ref.kind, ref.scope, ref.copy).encode())
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _MAIL_POLICY}
            answer = core.answers.build(200, body, headers)
        else:
            answer = core.page(410, core.pages.plain(request.head.language, "view_title", "view_gone"))
        return self._show(request, conn, (HitFace.VIEW, payload), answer)
