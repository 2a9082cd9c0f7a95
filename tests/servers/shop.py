"""The web site the links lead to: it remembers what was asked for."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from servers.waiting import LOOPBACK

PAGE = b"<!doctype html><title>Shop</title><h1>The shop</h1>"


class Shop:
    """A server on a host of its own name (browsers take *.localhost for this machine)."""

    def __init__(self) -> None:
        self.visits: list[str] = []
        self.referers: list[str] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.path.startswith("/favicon"):
                    shop.visits.append(self.path)
                    shop.referers.append(self.headers.get("Referer", ""))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                self.wfile.write(PAGE)

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="shop")

    def url(self, path: str) -> str:
        """Address of a page of the shop."""
        return f"http://shop.localhost:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
