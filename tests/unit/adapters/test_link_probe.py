"""The link check asks only what everybody can reach, wherever it is sent."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from postlude.adapters.link_probe import is_public, probe_links


class Site(ThreadingHTTPServer):
    """Answers by path and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[str] = []

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"


class Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        where = self.path.partition("?to=")[2]
        self.send_response(302 if where else 404 if self.path == "/gone" else 200)
        if where:
            self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Not on the terminal."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        made.shutdown()


def test_what_is_gone_is_told(site: Site) -> None:
    everybody = lambda _address: True  # noqa: E731 - the test's own machine counts as public here
    found = probe_links([site.url("/"), site.url("/gone"), site.url("/?to=/"), "mailto:a@b.example"], everybody)
    assert found == {site.url("/gone"): "answers 404 Not Found"}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0.0.0.0", "0x7f000001", "[::1]"])
def test_this_machine_is_not_asked(site: Site, host: str) -> None:
    (problem,) = probe_links([site.url("/secret", host)]).values()
    assert "cannot be reached" in problem
    assert site.asked == []


@pytest.mark.parametrize("where", ["http://127.0.0.2:{port}/secret", "//127.0.0.2:{port}/secret"])
def test_a_redirect_to_this_machine_is_not_followed(site: Site, where: str) -> None:
    only_the_first = lambda address: address == "127.0.0.1"  # noqa: E731 - as if that one were public
    start = site.url(f"/?to={where.format(port=site.server_port)}")
    (problem,) = probe_links([start], only_the_first).values()
    assert "127.0.0.2, which cannot be reached" in problem
    assert len(site.asked) == 1


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "http://"])
def test_a_redirect_to_what_is_no_web_page_is_a_problem(site: Site, where: str) -> None:
    assert probe_links([site.url(f"/?to={where}")], lambda _address: True)


def test_who_answers_for_ever_is_not_waited_for() -> None:
    """One byte after another, each in time."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            made, _ = listening.accept()
            with made, suppress(OSError):
                made.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while True:
                    made.sendall(b"x")
                    time.sleep(0.01)

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        (problem,) = probe_links([url], lambda _address: True, most_s=0.3).values()
    assert problem == "does not answer within 0.3 s"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        *((each, False) for each in ("10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1")),
        *(
            (each, False)
            for each in ("127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%lo")
        ),
        *((each, False) for each in ("fd00::1", "fe80::1%lo", "::ffff:127.0.0.1", "2002:7f00:1::", "ff02::1")),
        *((each, False) for each in ("::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "fec0::1", "5f00::1")),
        ("64:ff9b::5db8:d822", True),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public
