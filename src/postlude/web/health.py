"""`/healthz` of the app: for whatever watches this server, without a sign-in."""

from http import HTTPStatus
from ipaddress import ip_address

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from postlude.services.health import Health
from postlude.web.deps import Deps
from postlude.web.permissions import OPEN

router = APIRouter()


@router.get("/healthz", dependencies=[OPEN])
def health(request: Request, deps: Deps) -> JSONResponse:
    """`{"status": "ok"}` with 200, or `"degraded"` with 503; asked from this machine also with the checks."""
    return health_answer(request, deps.health())


def health_answer(request: Request, found: Health) -> JSONResponse:
    """The answer to whoever asks."""
    status = HTTPStatus.OK if found.well else HTTPStatus.SERVICE_UNAVAILABLE
    told: dict[str, object] = {"status": "ok" if found.well else "degraded"}
    if near(request):
        told |= {"problems": list(found.problems), "lost": found.lost, "behind": found.behind}
        told |= {"checks": [check._asdict() for check in found.checks]}
    return JSONResponse(told, status, headers={"Cache-Control": "no-store"})


def near(request: Request) -> bool:
    """Requested from this machine and not through a proxy: the amount of read mail is private."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
