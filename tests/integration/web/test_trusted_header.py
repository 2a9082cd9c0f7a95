"""Who a proxy names comes in, over real connections; who else sends the header does not."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network

import pytest

from postlude.services.accounts.single_sign_on import SingleSignOn
from postlude.web.deps import TrustedHeader
from support.served_world import serving
from support.web_world import CLOCK, World

_HEADER = "X-Forwarded-Email"
_ALICE = {_HEADER: "Alice@example.org"}


def _trusting(world: World, network: str) -> World:
    trusted = TrustedHeader(_HEADER, (ip_network(network),))
    sign_on = SingleSignOn(world.deps.store, CLOCK, ["new.example"])
    return world.with_deps(accounts=replace(world.deps.accounts, trusted=trusted, sign_on=sign_on))


@contextmanager
def _served(world: World) -> Iterator[int]:
    """The web app behind the process's own server; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening, serving(world, listening):
        yield listening.getsockname()[1]


def _get(port: int, path: str, fields: list[tuple[str, str]]) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest("GET", path)
        for name, value in fields:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        cookies = [one.partition(";")[0] for one in answer.headers.get_all("set-cookie") or ()]
        session = next((one for one in cookies if one.startswith("postlude=")), "")
        return answer.status, answer.headers.get("location", ""), session
    finally:
        connection.close()


def test_who_the_proxy_names_comes_in(world: World) -> None:
    with _served(_trusting(world, "127.0.0.1/32")) as port:
        _, where, session = _get(port, "/sign-in", list(_ALICE.items()))
        assert where == "/"
        status, _, _ = _get(port, "/preferences", [*_ALICE.items(), ("Cookie", session)])
        assert status == 200
        status, where, _ = _get(port, "/preferences", [(_HEADER, "charlie@example.org"), ("Cookie", session)])
        assert where == "/sign-in", "the proxy's person is another one now"


@pytest.mark.parametrize("extra", [[], [("X-Forwarded-For", "10.1.1.1")], [("X-Forwarded-For", "10.1.1.1, 10.1.1.2")]])
def test_who_is_not_a_listed_proxy_is_not_believed(world: World, extra: list[tuple[str, str]]) -> None:
    """Also not one who says that it stands behind a listed one."""
    with _served(_trusting(world, "10.0.0.0/8")) as port:
        status, _, session = _get(port, "/sign-in", [*_ALICE.items(), *extra])
        assert status == 200
        assert session == ""


def test_two_of_the_headers_name_no_one(world: World) -> None:
    with _served(_trusting(world, "127.0.0.1/32")) as port:
        status, _, session = _get(port, "/sign-in", [(_HEADER, "charlie@example.org"), *_ALICE.items()])
        assert status == 200
        assert session == ""


def test_only_invited_people_and_allowed_domains_come_in(world: World) -> None:
    with _served(_trusting(world, "127.0.0.1/32")) as port:
        assert _get(port, "/sign-in", [(_HEADER, "mallory@example.org")])[0] == 403
        assert _get(port, "/sign-in", [(_HEADER, "dora@new.example")])[1] == "/"
        assert world.deps.store.accounts.user_by_address("dora@new.example") is not None


def test_without_the_setting_the_header_is_nothing(world: World) -> None:
    with _served(world) as port:
        assert _get(port, "/sign-in", list(_ALICE.items()))[2] == ""
