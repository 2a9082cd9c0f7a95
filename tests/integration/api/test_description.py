"""What the API says of itself."""

from postlude.api.app import api_routes
from postlude.api.problems import KINDS, ProblemCode

from .conftest import ApiWorld


def test_every_code_has_a_page(world: ApiWorld) -> None:
    client = world.nameless()
    listed = client.get("/v1/problems").json()["problems"]
    assert [one["code"] for one in listed] == list(ProblemCode)
    for code in ProblemCode:
        assert KINDS[code].hint in client.get(f"/v1/problems/{code}").text


def test_the_description_lists_every_operation(world: ApiWorld) -> None:
    told = world.nameless().get("/v1/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    listed = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert listed == {(method, route.path) for route in api_routes() for method in route.methods or ()}
    body = told["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "from" in body["properties"]
