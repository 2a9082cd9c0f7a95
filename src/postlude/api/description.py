"""What the API says of itself: its description, and a page for every problem."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse

from postlude.api.declared import API_PREFIX, asks
from postlude.api.problems import KINDS, ProblemCode

router = APIRouter(prefix=API_PREFIX, tags=["description"])


@router.get("/openapi.json", openapi_extra=asks(None))
def openapi(request: Request) -> dict[str, Any]:
    """This description (OpenAPI 3.1)."""
    found: dict[str, Any] = request.app.state.description
    return found


@router.get("/problems", openapi_extra=asks(None))
def list_problems() -> dict[str, Any]:
    """Every code that an error may have."""
    return {"problems": [_problem(code) for code in ProblemCode]}


@router.get("/problems/{code}", openapi_extra=asks(None), response_class=PlainTextResponse)
def explain_problem(code: ProblemCode) -> PlainTextResponse:
    """What a code means, and what to do."""
    kind = KINDS[code]
    return PlainTextResponse(f"{code} ({int(kind.status)})\n\n{kind.title}.\n\n{kind.hint}\n")


def _problem(code: ProblemCode) -> dict[str, Any]:
    kind = KINDS[code]
    return {"code": code.value, "status": int(kind.status), "title": kind.title, "hint": kind.hint}
