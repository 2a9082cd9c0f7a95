"""A route says what it asks for, or the API does not start."""

import pytest
from fastapi import APIRouter

from postlude.api.app import api_routes
from postlude.api.declared import UndeclaredOperationError, declared
from postlude.model.api_scope import ApiScope


def test_there_are_routes_of_each_kind() -> None:
    assert {declared(route).scope for route in api_routes()} == {None, *ApiScope}


def _undeclared() -> str:
    return ""


def test_a_route_that_declares_nothing_is_refused() -> None:
    app = APIRouter()
    app.add_api_route("/v1/open-by-mistake", _undeclared)
    with pytest.raises(UndeclaredOperationError, match="/v1/open-by-mistake"):
        declared(app.routes[0])
