"""The state on either engine, and a watch on what is read of it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.store import Store, open_store
from support.databases import created_database, database_pool, migrated_database, postgresql, postgresql_url
from support.query_plans import QueryPlans, is_allowed, watched
from support.state_template import sqlite_state

__all__ = ["database_pool", "migrated_database", "postgresql", "postgresql_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a state without rows: every test that asks runs on both engines."""
    if request.param == "sqlite":
        return sqlite_state(tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, on both engines: for migrations alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.sqlite"
        return
    with created_database(request.getfixturevalue("postgresql"), f"t{uuid.uuid4().hex}") as url:
        yield url


@pytest.fixture
def store(state_url: str) -> Iterator[Store]:
    """An open store on either engine."""
    opened = open_store(state_url, lambda _make: bytes(32))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def _plans() -> Iterator[QueryPlans]:
    with watched() as plans:
        yield plans


@pytest.fixture(autouse=True)
def _no_whole_table_is_read(_plans: QueryPlans) -> Iterator[None]:
    """No statement reads a whole table that grows with every mailing, but those that are listed with their reason."""
    yield
    scans, _plans.scans = _plans.scans, {}
    assert not {text: tables for text, tables in scans.items() if not is_allowed(text)}
