"""Every call the providers' own documentation shows or tabulates, signed as they sign: read, and refused when changed.

`documented/PROVIDER.json`: the page, the payload with the page's field names, ids and times (shortened where it only
repeats), and what it must come to. docs/dev/provider-calls.md says what the pages leave open.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from postlude.feedback import Persistence
from postlude.feedback.providers import PROVIDERS, CallOutcome, receive
from support.provider_signing import DOCUMENTED, signing_of

NOW = 1_700_000_000
FILES = {file.stem: json.loads(file.read_text()) for file in DOCUMENTED.glob("*.json")}
CALLS = [
    pytest.param(name, row, id=f"{name}-{number}") for name, rows in FILES.items() for number, row in enumerate(rows)
]
Signed = Callable[[str, Any], tuple[dict[str, str], bytes, str]]


def test_every_provider_is_documented() -> None:
    assert set(FILES) == set(PROVIDERS)


@pytest.mark.parametrize(("name", "row"), CALLS)
def test_a_documented_call(name: str, row: dict[str, Any], signed: Signed) -> None:
    headers, body, secret = signed(name, row["payload"])
    call = receive(name, headers=headers, body=body, secret=secret, now=NOW)
    assert call.outcome is CallOutcome.READ, call.problem
    read = [
        (found.kind, found.recipient, found.at, found.reason, found.persistence is Persistence.GONE)
        for found in call.findings
    ]
    expected = row["expect"]
    assert read == [(one["kind"], one["recipient"], one["at"], one["reason"], one["gone"]) for one in expected]
    assert all(one["id"] in found.message_ids for one, found in zip(expected, call.findings, strict=True))


@pytest.mark.parametrize(("name", "row"), CALLS)
def test_a_documented_call_with_a_bad_signature(name: str, row: dict[str, Any], signed: Signed) -> None:
    headers, body, _ = signed(name, row["payload"])
    wrong = signing_of(name).wrong_secret()
    call = receive(name, headers=headers, body=body, secret=wrong, now=NOW)
    assert call.outcome == CallOutcome.BAD_SIGNATURE
    assert call.findings == ()


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_call_damaged_anywhere_is_read_or_refused(name: str) -> None:
    for row in FILES[name]:
        for path in _paths(row["payload"]):
            for value in (None, -1, "", "\ud800", [], ["x"], {"x": 1}):
                text = signing_of(name).wrapped(json.dumps(_changed(row["payload"], path, value)))
                with contextlib.suppress(ValueError):  # not what the provider documents: refused with words
                    found = PROVIDERS[name].parse(text.encode())
                    assert all(isinstance(one.recipient, str) for one in found)


def _paths(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield so_far
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _paths(value[key], (*so_far, key))


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = _changed(value[path[0]], path[1:], new)
    return copy


def test_a_legacy_call_of_mailgun_is_refused_with_its_remedy() -> None:
    body = b"event=dropped&recipient=bob%40example.org&timestamp=1700000000&token=t&signature=s"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    call = receive("mailgun", headers=headers, body=body, secret="key", now=NOW)
    assert call.outcome is CallOutcome.BAD_SIGNATURE
    assert "Sending > Webhooks" in call.problem
