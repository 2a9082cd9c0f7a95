"""Files with fixed names at the root."""

from typing import Protocol

from postlude.edge.answer import GIF
from postlude.edge.core import Core, Waiter
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import Request


class HealthReport(Protocol):
    """What `/healthz` says."""

    def __call__(self, near: bool, /) -> bytes:
        """JSON; all of it for who asks from this machine (`near`), else the status alone."""
        ...


class Files:
    """robots.txt, favicon.ico, the association files of mobile apps, and /healthz."""

    def __init__(self, core: Core, health: HealthReport) -> None:
        self._core = core
        self._health = health
        config = core.config
        self._files = {
            "/robots.txt": (config.robots.encode(), "text/plain; charset=utf-8"),
            "/favicon.ico": (GIF, "image/gif"),
            "/.well-known/apple-app-site-association": (config.app_site_association.encode(), "application/json"),
            "/.well-known/assetlinks.json": (config.assetlinks.encode(), "application/json"),
        }

    def find(self, path: str, request: Request, conn: Waiter) -> bytes | None:
        """The answer for `path`; None when there is no such file."""
        if path == "/healthz":
            body = self._health(self._core.near(conn, request.head))
            answer = self._core.answers.build(200, body, {"Content-Type": "application/json"})
            return self._core.done(request, RequestOutcome.HEALTH, answer)
        body, kind = self._files.get(path, (b"", ""))
        if not body:
            return None
        answer = self._core.answers.build(200, body, {"Content-Type": kind})
        return self._core.done(request, RequestOutcome.FILE, answer)
