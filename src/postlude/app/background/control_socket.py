"""The control socket: what the command line asks the running app. Only the data folder's owner can open it."""

import os
import socket
from functools import partial
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from postlude.history import History
from postlude.kit.files import make_way
from postlude.kit.ids import parse_id
from postlude.kit.local_sockets import socket_path
from postlude.model.errors import NotFoundError
from postlude.services.digest.rebuild_all import Rebuilder
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.privacy.subject_access import describe_stored
from postlude.services.reports.messages import Reports
from postlude.services.reports.public_json import message_of, story
from postlude.store import Store
from postlude.web.deps import HealthOf

_MOST = 100


def control_app(
    store: Store, history: History, reclassifier: Reclassifier, rebuilder: Rebuilder, health: HealthOf
) -> Starlette:
    """GET /timeline?query=&limit= and /message?id=; 404 with `{"error"}` when nothing is stored under it.

    /export?path= (&user=) writes every event to a Parquet file.
    /judged?messages= (ids with commas) says how their opens and clicks were judged.
    /reclassify?do=start (&since=, &dry_run=1), stop or look answers with its progress, and so does
    /rebuild?do=; /stored?address= with what is stored of a recipient; /health with how the system is.
    """
    reports = Reports(store, history)

    async def timeline(request: Request) -> Response:
        query = request.query_params.get("query", "")
        limit = min(int(request.query_params.get("limit", "10")), _MOST)
        return JSONResponse(await run_in_threadpool(story, reports, query, limit))

    async def message(request: Request) -> Response:
        number = parse_id(request.query_params.get("id", ""))
        if number is None:
            return JSONResponse({"error": "id must be 16 hexadecimal digits"}, 400)
        return JSONResponse(await run_in_threadpool(message_of, reports, number))

    async def judged(request: Request) -> Response:
        lines = await run_in_threadpool(reports.judged, _ids(request.query_params.get("messages", "")))
        return JSONResponse({"judged": msgspec.to_builtins(lines)})

    async def stored(request: Request) -> Response:
        address = request.query_params.get("address", "")
        return JSONResponse({"text": await run_in_threadpool(describe_stored, store, history, address)})

    async def how_it_is(_request: Request) -> Response:
        return JSONResponse({"checks": [check._asdict() for check in health().checks]})

    return Starlette(
        routes=[
            Route("/timeline", timeline),
            Route("/message", message),
            _reclassify(reclassifier),
            _rebuild(rebuilder),
            Route("/judged", judged),
            Route("/stored", stored),
            _export(reports),
            Route("/health", how_it_is),
        ],
        exception_handlers={NotFoundError: _not_found},
    )


def _reclassify(reclassifier: Reclassifier) -> Route:
    async def reclassify(request: Request) -> Response:
        given = request.query_params
        start = partial(reclassifier.start, int(given.get("since", "0")), dry_run=given.get("dry_run") == "1")
        action = given.get("do", "look")
        act = start if action == "start" else reclassifier.stop if action == "stop" else reclassifier.progress
        return JSONResponse(msgspec.to_builtins(await run_in_threadpool(act)))

    return Route("/reclassify", reclassify)


def _rebuild(rebuilder: Rebuilder) -> Route:
    async def rebuild(request: Request) -> Response:
        action = request.query_params.get("do", "look")
        act = {"start": rebuilder.start, "stop": rebuilder.stop}.get(action, rebuilder.progress)
        return JSONResponse(msgspec.to_builtins(await run_in_threadpool(act)))

    return Route("/rebuild", rebuild)


def _export(reports: Reports) -> Route:
    async def export(request: Request) -> Response:
        user, path = int(request.query_params.get("user", "0")), Path(request.query_params["path"])
        return JSONResponse({"events": await run_in_threadpool(reports.export_events, path, user or None)})

    return Route("/export", export)


async def _not_found(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 404)


def _ids(text: str) -> list[int]:
    return [number for part in text.split(",") if (number := parse_id(part))]


def control_socket(path: Path) -> socket.socket:
    """Bind the socket, replacing that of a killed process; the data folder's lock is held, so it is unused."""
    if not path.is_socket():
        make_way(path)
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with socket_path(path) as address:
            sock.bind(address)
    finally:
        os.umask(before)
    sock.listen(16)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return sock
