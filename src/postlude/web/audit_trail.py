"""Every route that changes something declares beside its path what goes into the audit log: `dependencies=[does("x")]`.

The entry is written with the act, or, when it writes nothing in the state, before its answer is sent.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import Depends, Request
from fastapi.params import Depends as DependsMarker
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postlude.model.role import Permission
from postlude.services.accounts.audit import REFUSED, AuditedAct, begin_act, end_act
from postlude.web.deps import Deps, WebDeps
from postlude.web.permissions import UndeclaredRouteError, dependency_calls, permission_of
from postlude.web.session import peer_of

_STATE: Final = "audited_act"
_LONGEST_FIELD: Final = 120


class _Does:
    def __init__(self, act: str, fields: tuple[str, ...], *, refusals: bool) -> None:
        self.act: Final = act
        self.refusals: Final = refusals
        self._fields: Final = fields

    async def __call__(self, request: Request, deps: Deps) -> None:
        """Begin the act: who does it is known when the route asks for a session."""
        act = AuditedAct(deps.clock, self.act, "web", peer_of(request))
        parts = [f"{name} {value}" for name, value in request.path_params.items() if name != "token"]
        if self._fields:
            form = await request.form()
            values = ((name, form.get(name)) for name in self._fields)
            parts += [f"{name} {value[:_LONGEST_FIELD]}" for name, value in values if isinstance(value, str) and value]
        act.about(", ".join(parts))
        viewer = getattr(request.state, "viewer", None)
        if viewer is not None:
            act.by(viewer.user.address)
        request.scope["state"][_STATE] = _Begun(act, refusals=self.refusals)
        begin_act(act)


class _Begun(NamedTuple):
    act: AuditedAct
    refusals: bool


class _Unrecorded:
    def __init__(self, reason: str) -> None:
        self.reason: Final = reason

    def __call__(self) -> None:
        """There is nothing to record."""


def does(act: str, *fields: str, refusals: bool = False) -> DependsMarker:
    """What a route does, called as the command that does the same, and the form's fields that say to what.

    Name no field with a secret. Parts of the path are recorded but for a `token`. `refusals`: also record that it was
    refused (403).
    """
    marker: DependsMarker = Depends(_Does(act, fields, refusals=refusals))
    return marker


def unrecorded(reason: str) -> DependsMarker:
    """Of a route with a form that changes nothing: why it is not in the audit log."""
    marker: DependsMarker = Depends(_Unrecorded(reason))
    return marker


def audit_of(route: BaseRoute) -> str:
    """The act that a route declares; empty: it changes nothing. UndeclaredRouteError."""
    calls = list(dependency_calls(route.dependant)) if isinstance(route, APIRoute) else []
    found = [call for call in calls if isinstance(call, _Does | _Unrecorded)]
    posts = isinstance(route, APIRoute) and "POST" in (route.methods or ())
    if len(found) > 1 or (posts and not found):
        raise UndeclaredRouteError(f"{getattr(route, 'path', route)} declares {len(found)} acts for the audit log")
    _check_order(route, calls)
    return found[0].act if found and isinstance(found[0], _Does) else ""


def _check_order(route: BaseRoute, calls: list[object]) -> None:
    """Who does it is known to what comes after the permission."""
    kinds = [isinstance(call, _Does) for call in calls]
    first = next((at for at, call in enumerate(calls) if hasattr(call, "permission")), len(calls))
    if True in kinds and kinds.index(True) < first and permission_of(route) is not Permission.OPEN:
        raise UndeclaredRouteError(f"{getattr(route, 'path', route)}: name the permission before the act")


class AuditTrail:
    """An ASGI layer around the application: completes the entry of an act before its answer is sent."""

    def __init__(self, app: ASGIApp, deps: WebDeps, routes: Iterable[BaseRoute]) -> None:
        self._app: Final = app
        self._deps: Final = deps
        for route in routes:
            audit_of(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope["state"] = dict(scope.get("state") or {})

        async def finished(message: Message) -> None:
            begun: _Begun | None = state.get(_STATE)
            if message["type"] == "http.response.start" and begun is not None:
                await self._finish(begun, int(message["status"]))
            await send(message)

        try:
            await self._app(scope, receive, finished)
        finally:
            end_act()

    async def _finish(self, begun: _Begun, status: int) -> None:
        if status < HTTPStatus.BAD_REQUEST:
            await run_in_threadpool(begun.act.finish, self._deps.store)
        elif status == HTTPStatus.FORBIDDEN and begun.refusals:
            await run_in_threadpool(begun.act.finish, self._deps.store, REFUSED)
