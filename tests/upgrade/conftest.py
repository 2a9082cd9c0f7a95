"""What released versions left: `folder.tar.gz` and `store.tar.gz` of each, unpacked where a test wants them."""

import uuid
from pathlib import Path

import psycopg
import pytest

from support.databases import database_pool, migrated_database, postgresql, postgresql_url
from support.releases import RELEASES, unpacked

__all__ = ["database_pool", "migrated_database", "postgresql", "postgresql_url"]


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Each released version that left something here."""
    return str(request.param)


@pytest.fixture(scope="module")
def module_postgresql_url(postgresql: str) -> str:
    """An empty database for all tests of a module; it ends with the server."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(host=postgresql, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://postgres@/{name}?host={postgresql}"


@pytest.fixture(scope="module")
def old_code(release: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version's store, what it stands on, and its tests: `src` and `tests`."""
    return unpacked(release, "store", tmp_path_factory.mktemp(release))
