"""`/healthz` of the app answers whoever watches, and tells strangers nothing."""

from http import HTTPStatus

from httpx2 import Response
from starlette.testclient import TestClient

from postlude.services.health import CheckResult, Health
from postlude.web import create_app
from support.web_world import World

TROUBLE = Health(checks=(CheckResult("sending", "problem", "mail does not leave"),), behind=7)


def _asked(world: World, health: Health, client: str = "127.0.0.1", **headers: str) -> Response:
    app = create_app(world.with_deps(health=lambda: health).deps)
    return TestClient(app, base_url="http://127.0.0.1", client=(client, 1)).get("/healthz", headers=headers)


def test_all_is_well(world: World) -> None:
    answer = _asked(world, Health())
    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["status"] == "ok"


def test_a_problem_is_a_status_that_monitors_understand(world: World) -> None:
    assert _asked(world, TROUBLE).status_code == HTTPStatus.SERVICE_UNAVAILABLE


def test_this_machine_hears_what_it_is(world: World) -> None:
    assert _asked(world, TROUBLE).json()["problems"] == ["mail does not leave"]


def test_a_stranger_hears_no_more_than_the_status(world: World) -> None:
    assert _asked(world, TROUBLE, client="192.0.2.7").json() == {"status": "degraded"}


def test_a_proxy_on_this_machine_is_a_stranger(world: World) -> None:
    assert _asked(world, TROUBLE, **{"X-Forwarded-For": "192.0.2.7"}).json() == {"status": "degraded"}
