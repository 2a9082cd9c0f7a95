"""Asked of every call before its body is read: which route, whose key, which scope, how often, how large."""

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postlude.api.declared import Declared, declared
from postlude.api.deps import ApiDeps
from postlude.api.problems import ApiProblemError, ProblemCode, problem_response
from postlude.kit.ids import id_text, new_id
from postlude.kit.sliding_limit import SlidingLimit
from postlude.model.errors import StorageError
from postlude.services.accounts.api_keys import ApiCaller, check_api_key

CALLS: Final = 6_000
"""Calls with one key within a window."""
WINDOW_SECONDS: Final = 60
_KEYS: Final = 10_000
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "RateLimit-Policy": f'"key";q={CALLS};w={WINDOW_SECONDS}',
}

_log: Final = logging.getLogger(__name__)


class _Passed(NamedTuple):
    rule: Declared
    caller: ApiCaller | None


class ApiGate:
    """An ASGI layer around the API's application, whose routes are `routes`."""

    def __init__(self, app: ASGIApp, deps: ApiDeps, routes: Iterable[BaseRoute]) -> None:
        self._app: Final = app
        self._deps: Final = deps
        self._rules: Final = [(route, declared(route)) for route in routes]
        self._calls: Final = SlidingLimit(CALLS, WINDOW_SECONDS, _KEYS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or answer it without its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = id_text(new_id())
        sender = _with_headers(send, request_id)
        scope["postlude.request_id"] = request_id
        try:
            passed = await self._pass(scope)
        except ApiProblemError as problem:
            await self._refuse(problem, scope, receive, sender)
            return
        scope["postlude.caller"] = passed.caller
        await self._app(scope, _Body(receive, passed.rule.most).receive, sender)

    async def _refuse(self, problem: ApiProblemError, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(problem, self._deps.public_url, scope["postlude.request_id"])
        if Headers(scope=scope).get("content-length", "0") != "0" or "transfer-encoding" in Headers(scope=scope):
            response.headers["Connection"] = "close"
        if problem.code is ProblemCode.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = self._methods(scope)
        await response(scope, receive, send)

    async def _pass(self, scope: Scope) -> _Passed:
        rule = self._rule(scope)
        caller = None
        if rule.scope is not None:
            caller = await self._caller(Headers(scope=scope))
            if not caller.may(rule.scope):
                raise ApiProblemError(ProblemCode.SCOPE_MISSING, f"This call needs the scope {rule.scope}.")
            if not self._calls.take(caller.key.id, self._deps.clock.now()):
                raise ApiProblemError(
                    ProblemCode.RATE_LIMITED,
                    f"At most {CALLS:,} calls in {WINDOW_SECONDS} seconds.",
                    retry_after_s=WINDOW_SECONDS // 10,
                )
        length = Headers(scope=scope).get("content-length", "")
        if length.isascii() and length.isdigit() and int(length) > rule.most:
            raise _too_large(rule.most)
        return _Passed(rule, caller)

    def _rule(self, scope: Scope) -> Declared:
        seen = ProblemCode.NOT_FOUND
        for route, rule in self._rules:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return rule
            if match is Match.PARTIAL:
                seen = ProblemCode.METHOD_NOT_ALLOWED
        raise ApiProblemError(seen, f"{scope['method']} {scope['path']}"[:300])

    def _methods(self, scope: Scope) -> str:
        known = (route for route, _ in self._rules if route.matches(scope)[0] is Match.PARTIAL)
        return ", ".join(sorted(method for route in known for method in getattr(route, "methods", ())))

    async def _caller(self, headers: Headers) -> ApiCaller:
        kind, _, secret = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            raise ApiProblemError(ProblemCode.KEY_MISSING)
        try:
            caller = await run_in_threadpool(check_api_key, self._deps.store, self._deps.clock, secret.strip())
        except StorageError as error:
            _log.error("API keys cannot be checked: %s", error)
            raise ApiProblemError(ProblemCode.UNAVAILABLE, retry_after_s=5) from error
        if caller is None:
            raise ApiProblemError(ProblemCode.KEY_INVALID)
        return caller


class _Body:
    """A request's body, counted as it comes."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive: Final = receive
        self._most: Final = most
        self._size = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > self._most:
                raise _too_large(self._most)
        return message


def _too_large(most: int) -> ApiProblemError:
    limit = f"{most >> 20} MB" if most >= 1 << 20 else f"{most >> 10} kB"
    return ApiProblemError(ProblemCode.BODY_TOO_LARGE, f"This call takes at most {limit}.")


def _with_headers(send: Send, request_id: str) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = request_id
        await send(message)

    return send_with_headers
