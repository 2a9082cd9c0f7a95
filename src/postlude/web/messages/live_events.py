"""Server-sent events: the page asks again when something changed. The stream itself carries no data."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Response
from starlette.responses import StreamingResponse

from postlude.kit.ids import parse_id
from postlude.web.deps import Deps, WebDeps
from postlude.web.session import SignedIn

router = APIRouter()

_KEEP_ALIVE_SECONDS: Final = 15.0  # below the 60 s after which proxies cut a silent connection


@router.get("/events")
def events(deps: Deps, _viewer: SignedIn, message: str = "") -> Response:
    """A `changed` event whenever `message` (any, when empty) may look different now."""
    stream = changes(deps, parse_id(message) if message else None)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def changes(deps: WebDeps, wanted: int | None) -> AsyncIterator[str]:
    """The stream's text; ends when the server stops."""
    stopping = asyncio.ensure_future(deps.stopping.wait())
    source = aiter(deps.changes.subscribe())
    upcoming = asyncio.ensure_future(anext(source))
    await asyncio.sleep(0)  # the subscription begins with its first turn; the page asks again on `ready`
    yield "retry: 1000\nevent: ready\ndata:\n\n"
    try:
        while not deps.stopping.is_set():
            await asyncio.wait({upcoming, stopping}, timeout=_KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
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
