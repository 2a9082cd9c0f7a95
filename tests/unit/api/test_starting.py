"""What the API says while the app starts."""

from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from postlude.api.starting import StartingApi


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_every_call_is_told_to_come_back(method: str) -> None:
    answer = TestClient(StartingApi("https://mail.example.org")).request(method, "/v1/messages")
    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["code"] == "unavailable"
