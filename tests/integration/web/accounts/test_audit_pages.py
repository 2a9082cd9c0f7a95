"""The page of the audit log: who sees it, what is found, what is taken away."""

from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from postlude.model.role import Role
from postlude.store.accounts.rows import AuditEntry
from support.web_world import World

_DAY = 86_400_000_000
_NOON = 1_764_590_400_000_000  # 2025-12-01 12:00 UTC


@pytest.fixture
def client(world: World) -> TestClient:
    accounts = world.deps.store.accounts
    for number, (who, act, what) in enumerate(
        [
            ("alice@example.org", "user role", "person 1, role admin"),
            ("bob@example.org", "suppressions add", "address dave@example.org"),
            ("alice@example.org", "campaigns delete", "campaign <b>7</b>"),
        ]
    ):
        accounts.add_audit(AuditEntry(_NOON + number * _DAY, who, "web", act, what, "192.0.2.7"))
    return world.client(accounts.create_user("owner@example.org", "Owner", (), 5, Role.OWNER))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("person=alice", ["user role", "campaigns delete"]),
        ("person=DAVE", ["suppressions add"]),
        ("act=suppressions add", ["suppressions add"]),
        ("until=2025-12-01", ["user role"]),
        ("since=2025-12-02&until=2025-12-02", ["suppressions add"]),
    ],
)
def test_it_is_searched_by_person_act_and_time(client: TestClient, query: str, found: list[str]) -> None:
    shown = client.get(f"/audit?{query}").text.partition("<tbody>")[2]
    every = ("user role", "suppressions add", "campaigns delete")
    assert [act for act in every if f"<td>{act}" in shown] == found


def test_what_was_done_is_shown_as_text(client: TestClient) -> None:
    page = client.get("/audit").text
    assert "<b>7</b>" not in page
    assert "&lt;b&gt;7&lt;/b&gt;" in page


def test_a_day_that_is_none_is_refused(client: TestClient) -> None:
    assert client.get("/audit?since=yesterday").status_code == HTTPStatus.BAD_REQUEST


def test_what_was_found_is_taken_away_as_a_file(client: TestClient) -> None:
    lines = client.get("/audit/export.csv?person=bob").text.lstrip("\ufeff").splitlines()
    assert lines[0] == "at,who,via,origin,act,what,outcome"
    assert lines[1:] == [
        "2025-12-02T12:00:00.000Z,bob@example.org,web,192.0.2.7,suppressions add,address dave@example.org,"
    ]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_members_do_not_see_it(world: World, role: Role) -> None:
    member = world.client(world.deps.store.accounts.create_user("m@example.org", "", (), 6, role))
    assert member.get("/audit").status_code == HTTPStatus.FORBIDDEN
    assert member.get("/audit/export.csv").status_code == HTTPStatus.FORBIDDEN


def test_older_entries_are_on_further_pages(world: World, client: TestClient) -> None:
    for number in range(120):
        world.deps.store.accounts.add_audit(AuditEntry(_NOON, f"u{number:03d}", "cli", "send"))
    first = client.get("/audit?act=send").text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = client.get(older).text
    assert "u119" in first
    assert "u000" in second
    assert "u119" not in second
