"""From a request to its endpoint."""

from typing import Protocol

from postlude.edge.choices import Confirm, PreferencesEndpoint, Unsubscribe
from postlude.edge.core import Core, Waiter
from postlude.edge.files import Files, HealthReport
from postlude.edge.headers import RequestHead
from postlude.edge.hook import Hook
from postlude.edge.hosted import Hosted
from postlude.edge.outcome import RequestOutcome
from postlude.edge.own_browser import PATH, OwnBrowser
from postlude.edge.request import Request
from postlude.edge.target import plain_path, readings, without_query
from postlude.edge.tracked import LinkEndpoint, Pixel
from postlude.edge.view import View


class FastEndpoint(Protocol):
    """Answers a GET whose head was read in the usual way."""

    def __call__(self, target: bytes, path: bytes, head: RequestHead, waiter: Waiter, /) -> bytes | None:
        """The complete answer; None when it comes later, through `waiter`."""
        ...


class Endpoint(Protocol):
    """Answers any request."""

    def __call__(self, request: Request, waiter: Waiter, /) -> bytes | None:
        """The complete answer; None when it comes later, through `waiter`."""
        ...


class Router:
    """Knows the prefixes. `fast` maps a prefix to the endpoint for plain GETs; `route` takes anything."""

    def __init__(self, core: Core, health: HealthReport) -> None:
        self._core = core
        self._files = Files(core, health)
        pixel, self.link = Pixel(core), LinkEndpoint(core)
        prefixes = core.config.prefixes
        self.fast: dict[bytes, FastEndpoint] = {
            prefixes.pixel.encode(): pixel.fast,
            prefixes.link.encode(): self.link.fast,
        }
        self._hook = Hook(core)
        self._slow: dict[bytes, Endpoint] = {
            prefixes.pixel.encode(): pixel.slow,
            prefixes.link.encode(): self.link.slow,
            prefixes.unsubscribe.encode(): Unsubscribe(core).slow,
            prefixes.preferences.encode(): PreferencesEndpoint(core).slow,
            prefixes.view.encode(): View(core).slow,
            prefixes.hook.encode(): self._hook.slow,
            prefixes.confirm.encode(): Confirm(core).slow,
            prefixes.file.encode(): Hosted(core).slow,
        }
        self._slow.setdefault(PATH, OwnBrowser(core).slow)

    def body_limit(self, target: bytes) -> int:
        """Bytes of a body that a target takes: little of who shows no token that may send one."""
        prefixes, codec, limits = self._core.config.prefixes, self._core.codec, self._core.config.limits
        acts = {prefixes.unsubscribe.encode(), prefixes.preferences.encode()}
        for each in readings(target):
            token = without_query(each.token)
            if each.prefix == prefixes.hook.encode() and self._hook.provider(each):
                return limits.hook_bytes
            if (each.prefix in acts and codec.verify_act(token)) or (
                each.prefix == prefixes.confirm.encode() and codec.verify_confirm(token)
            ):
                return limits.body_bytes
        return limits.stranger_body_bytes

    def route(self, request: Request, conn: Waiter) -> bytes | None:
        """The answer, or None when it follows once the hit is durable."""
        core = self._core
        endpoint = next(filter(None, (self._slow.get(target.prefix) for target in readings(request.target))), None)
        if request.method == "OPTIONS":
            headers = {"Allow": "GET, HEAD, POST, OPTIONS", "Access-Control-Allow-Origin": "*"}
            headers |= {"Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Max-Age": "86400"}
            return core.done(request, RequestOutcome.OPTIONS, core.answers.build(204, b"", headers))
        if endpoint is not None:
            return endpoint(request, conn)
        if request.method in {"GET", "HEAD"}:
            found = self._files.find(plain_path(request.target), request, conn)
            if found is not None:
                return found
        return core.done(request, RequestOutcome.NOT_FOUND, core.answers.text(404, "Not found\n"))
