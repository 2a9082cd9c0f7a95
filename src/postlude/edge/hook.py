"""Endpoint for webhooks of sending providers: stored as they came, interpreted later."""

import re
from typing import Final

from postlude.edge.core import Core, Waiter
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import Request
from postlude.edge.target import Target, readings, without_query
from postlude.feedback.providers import PROVIDERS
from postlude.model.observation import Webhook, encode_observation

_PROVIDER: Final = re.compile(rb"[a-z0-9-]{1,32}").fullmatch
_DROPS_ON_5XX: Final = frozenset(name for name, provider in PROVIDERS.items() if provider.drops_on_5xx)
_LEFT_OUT: Final = frozenset(("cookie", "connection", "content-length", "expect", "transfer-encoding"))


class Hook:
    """`POST /{prefix}/{provider}/{key}` is answered 200 when headers and body are durable, else an error.

    A provider repeats calls that were not answered 2xx. Without the path's key nothing is stored; the provider's own
    signature is verified by the digest.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    def slow(self, request: Request, conn: Waiter) -> bytes | None:
        """Any method. None: the answer follows when the call is durable."""
        core = self._core
        provider = next(filter(None, map(self.provider, readings(request.target))), None)
        if provider is None:
            return core.done(request, RequestOutcome.BAD_TOKEN, core.answers.text(404, "Not found\n"))
        if request.method in {"GET", "HEAD"}:  # some providers first check that the URL answers
            return core.done(request, RequestOutcome.NOTHING_TO_STORE, core.answers.text(200, "Calls come by POST\n"))
        if request.method != "POST":
            allow = {"Allow": "GET, HEAD, POST, OPTIONS"}
            return core.done(
                request, RequestOutcome.WRONG_METHOD, core.answers.text(405, "Method not allowed\n", allow)
            )
        headers = {name: value for name, value in request.headers if name not in _LEFT_OUT}
        conn.answer = core.answers.text(200, "Stored\n")
        status = 429 if provider in _DROPS_ON_5XX else 503
        conn.lost_answer = core.answers.text(status, "Not stored, call again\n", {"Retry-After": "60"})
        core.large(encode_observation(Webhook(core.clock.now(), provider, headers, request.body)), conn)
        return None

    def provider(self, target: Target) -> str | None:
        """Whose address it is; None without the key of it."""
        if not _PROVIDER(target.token):
            return None
        provider = target.token.decode("ascii")
        return provider if self._core.codec.verify_hook(provider, without_query(target.rest)) else None
