"""`/v1/events`: everything that happened, in order, from a cursor on; waits for what comes."""

import asyncio
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from postlude.api.cursor import feed_cursor, read_feed_cursor
from postlude.api.declared import API_PREFIX, asks
from postlude.api.deps import ApiDeps, Caller, Deps
from postlude.api.problems import ApiProblemError, ProblemCode
from postlude.kit.ids import parse_id
from postlude.model.api_scope import ApiScope
from postlude.model.words import EventKind, Verdict
from postlude.services.accounts.api_keys import still_holds
from postlude.services.reports.feed_page import FeedPage, FeedWish, NumberedEvent, feed_page

router = APIRouter(prefix=API_PREFIX, tags=["events"])

LONGEST_WAIT: Final = 50
"""Seconds: below the 60 after which proxies cut a silent connection."""
WAITING: Final = 20
"""Calls of one user that may wait at a time: each takes a connection."""
NDJSON: Final = "application/x-ndjson"


class EventQuery(BaseModel):
    """Parameters of the call."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field(
        "", description="`cursor` of an earlier answer; empty: the oldest event kept; `latest`: none yet"
    )
    wait: int = Field(default=0, ge=0, le=LONGEST_WAIT, description="Seconds to wait when there is no event yet")
    limit: int = Field(default=100, ge=1, le=1000, description="Events in one answer, at most")
    type: list[EventKind] = Field(default=[], description="Only events of these types")
    verdict: list[Verdict] = Field(default=[], description="Only events with these verdicts")
    campaign: str = Field(default="", description="Only events of this campaign, by its id")
    contact: str = Field(default="", description="Only events of copies to this address", max_length=320)
    format: Literal["json", "ndjson"] | None = Field(default=None, description="As `Accept` says, when it is left out")


@router.get(
    "/events",
    openapi_extra=asks(ApiScope.READ),
    responses={
        200: {
            "description": "Events, oldest first, and the cursor behind them. As NDJSON: one event a line with its own "
            "`cursor`; the last line has only the cursor up to which everything was looked at.",
            "content": {"application/json": {"schema": {"type": "object"}}, NDJSON: {"schema": {"type": "string"}}},
        },
        410: {"description": "Events behind this cursor are no longer kept"},
    },
)
async def list_events(request: Request, deps: Deps, caller: Caller, asked: Annotated[EventQuery, Query()]) -> Response:
    """Events and corrections of the caller's messages, in the order in which they were digested.

    Within a message the order is the one in which things happened to become known. A correction is the whole event
    again with the same `id`, and `replaces` says what it was taken for first.
    """
    wish = _wish(asked)
    after = await run_in_threadpool(_start, deps, asked.after)
    page = await _page(request, deps, caller.user.id, after, asked, wish)
    if asked.wait and not await run_in_threadpool(still_holds, deps.store, deps.clock, caller):
        raise ApiProblemError(ProblemCode.KEY_INVALID, "The key ended while the call waited.")
    if _as_lines(request, asked):
        lines = [_encode({**_line(one)}) for one in page.events]
        lines.append(_encode({"cursor": feed_cursor(page.upto), "more": page.more}))
        return Response(b"\n".join(lines) + b"\n", media_type=NDJSON)
    told = {"events": [_line(one) for one in page.events], "cursor": feed_cursor(page.upto), "more": page.more}
    return Response(_encode(told), media_type="application/json")


_encode: Final = msgspec.json.Encoder().encode


def _line(one: NumberedEvent) -> dict[str, Any]:
    return {**one.told, "cursor": feed_cursor(one.place)}


def _as_lines(request: Request, asked: EventQuery) -> bool:
    if asked.format is not None:
        return asked.format == "ndjson"
    return NDJSON in request.headers.get("accept", "")


def _wish(asked: EventQuery) -> FeedWish:
    campaign = parse_id(asked.campaign) if asked.campaign else 0
    if campaign is None:
        raise ApiProblemError(
            ProblemCode.PARAMETER_INVALID, "campaign: an id has 16 hexadecimal digits", field="campaign"
        )
    return FeedWish(frozenset(asked.type), frozenset(asked.verdict), campaign, asked.contact.strip())


def _start(deps: ApiDeps, after: str) -> int:
    """The place behind which to read."""
    oldest, newest = 2 * (deps.store.feed.oldest() - 1), 2 * deps.store.feed.head()
    if not after:
        return oldest
    if after == "latest":
        return newest
    place = read_feed_cursor(after)
    if not oldest <= place <= newest:
        why = "The state was put back from a backup." if place > newest else "Their time to be kept is over."
        raise ApiProblemError(ProblemCode.CURSOR_EXPIRED, why, field="after")
    return place


async def _page(  # noqa: PLR0917 - one of each
    request: Request, deps: ApiDeps, user: int, after: int, asked: EventQuery, wish: FeedWish
) -> FeedPage:
    page = await run_in_threadpool(feed_page, deps.store, user, after, asked.limit, wish)
    if page.events or page.more or not asked.wait:
        return page
    if deps.waiting[user] >= WAITING:
        raise ApiProblemError(ProblemCode.RATE_LIMITED, f"At most {WAITING} calls may wait.", retry_after_s=1)
    deps.waiting[user] += 1
    try:
        return await _wait(request, deps, user, page, asked, wish)
    finally:
        deps.waiting[user] -= 1


async def _wait(  # noqa: PLR0917 - one of each
    request: Request, deps: ApiDeps, user: int, page: FeedPage, asked: EventQuery, wish: FeedWish
) -> FeedPage:
    """The first page with events from now on, or an empty one when the time is over, the server stops or they leave."""
    seconds = asyncio.get_running_loop().time
    ends = seconds() + asked.wait
    source = aiter(deps.changes.subscribe())
    upcoming, stopping = asyncio.ensure_future(anext(source)), asyncio.ensure_future(deps.stopping.wait())
    await asyncio.sleep(0)  # the subscription begins with its first turn: what came before it is read below
    try:
        while not page.events and not page.more:
            page = await run_in_threadpool(feed_page, deps.store, user, page.upto, asked.limit, wish)
            left = ends - seconds()
            if page.events or left <= 0 or deps.stopping.is_set() or await request.is_disconnected():
                break
            await asyncio.wait({upcoming, stopping}, timeout=min(left, 1.0), return_when=asyncio.FIRST_COMPLETED)
            if upcoming.done():
                upcoming = asyncio.ensure_future(anext(source))
    finally:
        for each in (upcoming, stopping):
            each.cancel()
        await asyncio.gather(upcoming, stopping, return_exceptions=True)
        await source.aclose()  # type: ignore[attr-defined]  # an async generator
    return page
