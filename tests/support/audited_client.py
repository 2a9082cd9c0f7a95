"""A browser of tests that watches the audit log: every form that was taken wrote one entry."""

from http import HTTPStatus
from typing import Any

from httpx2 import Response
from starlette.routing import Match
from starlette.testclient import TestClient

from postlude.store.accounts.audit_log import AuditSearch
from postlude.store.accounts.rows import AuditEntry
from postlude.web import WebDeps, create_app
from postlude.web.app import routes_of
from postlude.web.audit_trail import audit_of


class AuditedClient(TestClient):
    """As a browser, on the application of `deps`."""

    def __init__(self, deps: WebDeps) -> None:
        super().__init__(create_app(deps), base_url="http://127.0.0.1", raise_server_exceptions=False)
        self._deps = deps

    def post(self, url: Any, **options: Any) -> Response:
        """Submit a form; AssertionError when the audit log does not fit."""
        before = self._newest(1)
        answer = super().post(url, **options)
        first = answer.history[0] if answer.history else answer
        if first.status_code < HTTPStatus.BAD_REQUEST:
            last = before[0].id if before else 0
            written = [one.act for one in self._newest(50) if one.id > last]
            expected = self._declared(str(first.request.url.path))
            assert written == expected, f"{url} wrote {written} instead of {expected}"
        return answer

    def _declared(self, path: str) -> list[str]:
        scope = {"type": "http", "method": "POST", "path": path, "root_path": ""}
        found = [audit_of(one) for one in routes_of(self._deps) if one.matches(scope)[0] is Match.FULL]
        return [act for act in found[:1] if act]

    def _newest(self, most: int) -> list[AuditEntry]:
        return self._deps.store.accounts.audit_page(AuditSearch(), most)
