"""Limits of request bodies, checked before reading; FastAPI itself reads a body before it checks the session.

A route that needs a session reads no body without one. A route's limit is declared beside it:
`dependencies=[takes(LARGE_FORM)]`; the default is SMALL_FORM, so a new route is limited automatically.
"""

import asyncio
import gc
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.params import Depends as DependsMarker
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postlude.model.errors import NotPermittedError
from postlude.model.role import Permission
from postlude.web.deps import WebDeps
from postlude.web.permissions import check_permission, dependency_calls, permission_of
from postlude.web.session import Viewer, viewer_of

TINY_FORM: Final = 8 << 10
"""Bytes of a form that strangers may submit."""
SMALL_FORM: Final = 256 << 10
"""Bytes of a form with names, choices and a few lines of text."""
LARGE_FORM: Final = 16 << 20
"""Bytes of a form with a whole campaign: 900 kB of it are 3 MB when all is escaped."""
FILE: Final = 26 << 20
"""Bytes of a form with one file for a mail, which may have 25 MB."""
CONTACT_FILE: Final = 256 << 20
"""Bytes of a form with a contact file: a million contacts have about 100 MB. The command line takes larger ones."""

_SKIPPED: Final = 64 << 10  # a body this small is read to its end and dropped, so that the connection can go on
_DRAINED: Final = 4  # times the limit: what is read and dropped of who is signed in, so that the answer is seen
_COLLECT_FROM: Final = 4 << 20  # bytes of a body whose objects are worth a look by the garbage collector
_COLLECT_AFTER_S: Final = 2.0


class BodyTooLargeError(HTTPException):
    """The request is larger than this URL accepts. Send less; the message names the limit."""

    def __init__(self, limit: int) -> None:
        size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit >> 10} kB"
        super().__init__(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"This form takes at most {size}. Go back and send less, or use the command line for large files.",
        )


class _Takes:
    """Marks a route with the size of body it takes."""

    def __init__(self, most: int) -> None:
        self.most: Final = most

    def __call__(self) -> None:
        """There is nothing to solve."""


def takes(most: int) -> DependsMarker:
    """Dependency of a route that takes bodies of up to `most` bytes."""
    marker: DependsMarker = Depends(_Takes(most))
    return marker


class RouteLimit(NamedTuple):
    """Limits of one route."""

    permission: Permission
    most: int
    """Bytes of a body."""

    @property
    def signed_in(self) -> bool:
        """Whether it is for users only."""
        return self.permission is not Permission.OPEN


def rule_of(route: BaseRoute) -> RouteLimit:
    """Limits of `route`; UndeclaredRouteError."""
    calls = list(dependency_calls(route.dependant)) if isinstance(route, APIRoute) else []
    sizes = [call.most for call in calls if isinstance(call, _Takes)]
    return RouteLimit(permission_of(route), max(sizes, default=SMALL_FORM))


class RefusalPages(NamedTuple):
    """The pages that are sent instead of reading a body."""

    sign_in: Callable[[Request], ASGIApp]
    error: Callable[[Request, Exception], ASGIApp]


class RequestLimits:
    """An ASGI layer around the application `app`, whose routes are `routes`. `answers` makes its pages."""

    def __init__(self, app: FastAPI, deps: WebDeps, routes: Iterable[BaseRoute], answers: RefusalPages) -> None:
        self._app: Final = app
        self._answers: Final = answers
        self._deps: Final = deps
        self._rules: Final = [(route, rule_of(route)) for route in routes]
        self._collecting: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it without its body."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        rule = self._rule(scope)
        request = Request({**scope, "app": self._app}, receive)
        viewer = await run_in_threadpool(viewer_of, request, self._deps)
        if rule.signed_in and viewer is None:
            await _unread(self._answers.sign_in(request), scope, receive, send)
            return
        refusal = _refusal(viewer, rule.permission)
        if refusal is not None:
            await _unread(self._answers.error(request, refusal), scope, receive, send)
            return
        body = _Body(receive, rule.most)
        if _declared(scope) > rule.most:
            if viewer is not None:
                await body.drain(_DRAINED * rule.most)
            await _unread(self._answers.error(request, BodyTooLargeError(rule.most)), scope, receive, send)
            return
        await self._app(scope, body.receive, send)
        if body.size >= _COLLECT_FROM:
            self._collect_soon()

    def _rule(self, scope: Scope) -> RouteLimit:
        for route, rule in self._rules:
            if route.matches(scope)[0] is Match.FULL:
                return rule
        return RouteLimit(Permission.OPEN, SMALL_FORM)

    def _collect_soon(self) -> None:
        """A parsed form leaves its bytes in reference cycles, and the digest's thresholds let the collector sleep."""
        if self._collecting is None:
            self._collecting = asyncio.get_running_loop().call_later(_COLLECT_AFTER_S, self._collect)

    def _collect(self) -> None:
        self._collecting = None
        gc.collect()


def _refusal(viewer: Viewer | None, permission: Permission) -> NotPermittedError | None:
    """Why this viewer's body is not read; None when it is."""
    try:
        if viewer is not None:
            check_permission(viewer, permission)
    except NotPermittedError as error:
        return error
    return None


class _Body:
    """A request's body, counted as it comes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive: Final = receive
        self._most: Final = most
        self.size = 0

    async def receive(self) -> Message:
        """The next message; BodyTooLargeError when the body is larger than it may be."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
            if self.size > self._most:
                raise BodyTooLargeError(self._most)
        return message

    async def drain(self, most: int) -> None:
        """Read up to `most` bytes and drop them: a browser shows the answer only when it could send everything."""
        while most > 0:
            message = await self._receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                return
            most -= len(message.get("body", b""))


async def _unread(answer: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request whose body is not read; after a large one the connection is closed."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start" and not 0 <= _declared(scope) <= _SKIPPED:
            MutableHeaders(scope=message)["Connection"] = "close"
        await send(message)

    try:
        await answer(scope, receive, send_and_close)
    except ClientDisconnect:
        return


def _has_body(scope: Scope) -> bool:
    return _declared(scope) != 0


def _declared(scope: Scope) -> int:
    """Content-Length; 0 without a body, -1 when it is unknown."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return -1
        if name == b"content-length":
            return int(value) if value.isdigit() else -1
    return 0
