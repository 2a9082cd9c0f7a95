"""The pages where the recipient decides: unsubscribe, preferences, confirming a subscription."""

from collections.abc import Callable
from typing import Final

from postlude.edge.core import Core, Waiter, copy_of
from postlude.edge.forms import form_fields
from postlude.edge.lists import PublicList
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import Request
from postlude.edge.target import readings, without_query
from postlude.model.words import HitEndpoint
from postlude.tokens import DEAD_TOKEN, Kind, Use, unpacked

_ONE_CLICK: Final = "List-Unsubscribe"
_DEAD: Final = DEAD_TOKEN.encode()


class FormEndpoint:
    """A page behind a token that acts; the token of a pixel or link opens none."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def slow(self, request: Request, conn: Waiter) -> bytes | None:
        """Any method, any spelling. None: the answer follows when the hit is durable."""
        core = self._core
        payload = self._payload(request)
        if payload is None or not self._opens(payload):
            what = self._why_not(request) if payload is None else "expired"
            body = core.pages.plain(request.head.language, f"{what}_title", f"{what}_explained")
            return core.done(request, RequestOutcome.BAD_TOKEN, core.page(404, body))
        method = self._methods().get(request.method)
        if method is None:
            headers = {"Allow": ", ".join((*self._methods(), "OPTIONS"))}
            return core.done(
                request, RequestOutcome.WRONG_METHOD, core.answers.text(405, "Method not allowed\n", headers)
            )
        return method(request, conn, payload)

    def _why_not(self, request: Request) -> str:
        """Of an address without a genuine token: cut off, or one that never had one."""
        dead = any(without_query(target.token).startswith(_DEAD) for target in readings(request.target))
        return "personal" if dead else "invalid"

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return {"GET": self._get, "HEAD": self._get}

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None: ...

    def _payload(self, request: Request) -> bytes | None:
        tokens = (without_query(target.token) for target in readings(request.target))
        return next(filter(None, map(self._core.codec.verify_act, tokens)), None)

    def _opens(self, payload: bytes) -> bool:
        """Whether a genuine token still opens this page: one from before there were two does for some time."""
        return unpacked(payload).use is not Use.BOTH or self._core.clock.now() < self._core.config.old_tokens_until

    def _token(self, request: Request) -> str:
        """The token that opened the page."""
        tokens = (without_query(target.token) for target in readings(request.target))
        return next(filter(self._core.codec.verify_act, tokens)).decode("ascii")

    def _beside(self, request: Request, prefix: str) -> str:
        """The same copy's page under another prefix."""
        return f"/{prefix}/{self._token(request)}"

    def _withdrawn(self, payload: bytes) -> bool:
        """Whether nothing of who looks at a page of this copy may be recorded."""
        return copy_of(payload) in self._core.revoked.now.opens

    def _show(self, request: Request, conn: Waiter, hit: tuple[HitEndpoint, bytes], answer: bytes) -> bytes | None:
        """A page that changes nothing; that it was looked at is journaled for GET, unless opens were withdrawn."""
        if self._withdrawn(hit[1]):
            return self._core.done(request, RequestOutcome.REVOKED, answer)
        if request.method == "HEAD":
            return self._core.done(request, RequestOutcome.STORED, answer)
        self._core.store(request, conn, (*hit, -1), answer)
        return None

    def _failed(self, request: Request) -> bytes:
        body = self._core.pages.plain(request.head.language, "failed_title", "failed_explained")
        return self._core.page(503, body, {"Retry-After": "300"})

    def _unconfirmed(self, request: Request) -> bytes:
        body = self._core.pages.plain(request.head.language, "not_confirmed_title", "not_confirmed")
        return self._core.done(request, RequestOutcome.UNCONFIRMED, self._core.page(400, body))


THE_LIST: Final = "list"
ALL: Final = "all"


def _chooses(payload: bytes) -> bool:
    """Whether there is more than one thing to leave: a single message belongs to no list."""
    return unpacked(payload).kind is Kind.CAMPAIGN


class Unsubscribe(FormEndpoint):
    """GET shows the question; only a POST unsubscribes: the button's, RFC 8058's, or an empty one.

    The page of a campaign's copy lets choose what ends, the list it came by or all mailings; one-click ends the list.

    Add-ons of mail clients send an empty POST to the one-click URL. A POST without a body has no other meaning there,
    and the token identifies the copy. Repeating it changes nothing.
    """

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return super()._methods() | {"POST": self._post}

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        other = self._beside(request, self._core.config.prefixes.preferences)
        scopes = _chooses(payload)
        answer = self._core.page(200, self._core.pages.unsubscribe(request.head.language, other, scopes=scopes))
        return self._show(request, conn, (HitEndpoint.UNSUBSCRIBE_PAGE, payload), answer)

    def _post(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        form = form_fields(request.head.content_type, request.body)
        one_click = form.get(_ONE_CLICK) == "One-Click" or not request.body.strip()
        if not one_click and not form.get("unsubscribe"):
            return self._unconfirmed(request)
        scope = ALL if not _chooses(payload) or (form.get("scope") == ALL and not one_click) else THE_LIST
        if one_click:  # RFC 8058 3.2: no page, no redirect
            answer = core.answers.text(200, "Unsubscribed\n")
        else:
            done = "unsubscribe_all_done" if scope == ALL else "unsubscribe_done"
            answer = core.page(200, core.pages.plain(request.head.language, "unsubscribe_done_title", done))
        facts = {"how": "one-click" if one_click else "page", "scope": scope}
        hit_of, bare = (HitEndpoint.UNSUBSCRIBE, payload, -1), self._withdrawn(payload)
        core.store(request, conn, hit_of, answer, facts=facts, lost=self._failed(request), bare=bare)
        return None


class PreferencesEndpoint(FormEndpoint):
    """The preferences page: tracking, lists, stored data. A POST is journaled with its choices as facts.

    `preferences`: `opens` and `clicks` (`on` or `off`) and `lists` (`ID+` joins, `ID-` leaves, comma-separated);
    `report`: a copy of what is stored, by mail; `erase`: everything recorded before is deleted. A withdrawal or erasure
    is stored without user agent and address.
    """

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return super()._methods() | {"POST": self._post}

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        copy, revoked = copy_of(payload), core.revoked.now
        page = core.pages.preferences(
            request.head.language,
            opens=copy not in revoked.opens,
            clicks=copy not in revoked.clicks,
            lists=core.lists.now,
            address_form=core.config.address_form,
            unsubscribe_url=self._beside(request, core.config.prefixes.unsubscribe),
        )
        return self._show(request, conn, (HitEndpoint.PREFERENCES_PAGE, payload), core.page(200, page))

    def _post(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        form = form_fields(request.head.content_type, request.body)
        pages, language = self._core.pages, request.head.language
        if form.get("erase"):
            page = pages.plain(language, "erase_done_title", "erase_done")
            return self._take(request, conn, payload, {"erase": "1"}, page, bare=True)
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
        self._core.withdraw(copy_of(payload), opens=opens, clicks=clicks)
        return self._take(request, conn, payload, facts, page)

    def _lists(self, form: dict[str, str], answer: str) -> list[PublicList]:
        """The lists that are offered here and were answered so."""
        return [one for one in self._core.lists.now if form.get(f"list-{one.id}") == answer]

    def _take(
        self,
        request: Request,
        conn: Waiter,
        payload: bytes,
        facts: dict[str, str],
        page: bytes,
        *,
        bare: bool = False,
    ) -> bytes | None:
        core, hit_of = self._core, (HitEndpoint.PREFERENCES, payload, -1)
        bare = bare or self._withdrawn(payload)
        core.store(request, conn, hit_of, core.page(200, page), facts=facts, lost=self._failed(request), bare=bare)
        return None


class Confirm(FormEndpoint):
    """Double opt-in: GET shows the question, only the button's POST confirms. The token names list and contact."""

    def _methods(self) -> dict[str, Callable[[Request, Waiter, bytes], bytes | None]]:
        return super()._methods() | {"POST": self._post}

    def _payload(self, request: Request) -> bytes | None:
        tokens = (without_query(target.token) for target in readings(request.target))
        return next(filter(None, map(self._core.codec.verify_confirm, tokens)), None)

    def _opens(self, payload: bytes) -> bool:  # noqa: ARG002 - a confirmation has one kind of token
        return True

    def _withdrawn(self, payload: bytes) -> bool:  # noqa: ARG002 - there is no choice yet
        return False

    def _get(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        answer = self._core.page(200, self._core.pages.confirm(request.head.language))
        return self._show(request, conn, (HitEndpoint.CONFIRM_PAGE, payload), answer)

    def _post(self, request: Request, conn: Waiter, payload: bytes) -> bytes | None:
        core = self._core
        if not form_fields(request.head.content_type, request.body).get("confirm"):
            return self._unconfirmed(request)
        answer = core.page(200, core.pages.plain(request.head.language, "confirm_done_title", "confirm_done"))
        core.store(request, conn, (HitEndpoint.CONFIRM, payload, -1), answer, lost=self._failed(request))
        return None
