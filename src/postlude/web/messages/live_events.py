"""Server-sent events: the page asks again when something changed. The stream itself carries no data."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from postlude.kit.ids import parse_id
from postlude.web.deps import Deps, WebDeps
from postlude.web.permissions import ACCOUNT
from postlude.web.session import SignedIn, viewer_of

router = APIRouter()

_KEEP_ALIVE_SECONDS: Final = 15.0  # below the 60 s after which proxies cut a silent connection
STREAMS: Final = 50
"""Of one user at a time: each page that is open has one, and each takes one of the web server's connections."""


@router.get("/events", dependencies=[ACCOUNT])
async def events(request: Request, deps: Deps, viewer: SignedIn, message: str = "") -> Response:
    """A `changed` event whenever `message` (any, when empty) may look different now; ends with the session."""
    if deps.streams[viewer.user.id] >= STREAMS:
        return PlainTextResponse("Too many pages are open; close some.\n", HTTPStatus.TOO_MANY_REQUESTS)

    stream = _CountedStream(
        changes(request, deps, parse_id(message) if message else None),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )
    stream.count(deps.streams, viewer.user.id)
    return stream


class _CountedStream(StreamingResponse):
    """Counts from the moment it is given to its end, whoever ends it."""

    def count(self, streams: Counter[int], user: int) -> None:
        streams[user] += 1
        self._over = partial(streams.subtract, [user])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._over()


async def changes(request: Request, deps: WebDeps, wanted: int | None) -> AsyncIterator[str]:
    """The stream's text; ends when the server stops or the session is over."""
    stopping = asyncio.ensure_future(deps.stopping.wait())
    source = aiter(deps.changes.subscribe())
    upcoming = asyncio.ensure_future(anext(source))
    seconds = asyncio.get_running_loop().time
    asked_at = seconds()
    await asyncio.sleep(0)  # the subscription begins with its first turn; the page asks again on `ready`
    yield "retry: 1000\nevent: ready\ndata:\n\n"
    try:
        while not deps.stopping.is_set():
            await asyncio.wait({upcoming, stopping}, timeout=_KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if seconds() - asked_at >= _KEEP_ALIVE_SECONDS:
                asked_at = seconds()
                if await run_in_threadpool(viewer_of, request, deps) is None:
                    return
            if not upcoming.done():
                yield ": still here\n\n"
                continue
            ids = upcoming.result()
            upcoming = asyncio.ensure_future(anext(source))
            if wanted is None or wanted in ids or not ids:  # empty: too many to list
                yield "event: changed\ndata:\n\n"
    except StopAsyncIteration:
        return
    finally:
        upcoming.cancel()
        stopping.cancel()
