"""Real databases: SQLite in a folder, PostgreSQL as Debian packages it, one server a test process."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from postlude.store import Store, open_store
from support.query_plans import QueryPlans, is_allowed, watched

_BIN = Path("/usr/lib/postgresql/15/bin")
_ACCOUNT = "postgres"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of the unix socket of a fresh server. It has no TCP port and syncs nothing."""
    if not (_BIN / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="postlude-pg-", dir="/tmp"))  # a short path: sockets allow 107 bytes
    as_whom: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam(_ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_whom = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    data = folder / "data"
    user = ["-U", _ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*as_whom, str(_BIN / "initdb"), "-D", str(data), *user], check=True, capture_output=True, cwd="/")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
    control = [*as_whom, str(_BIN / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    # Kept out of the pipes: the server would hold them open for as long as it lives.
    subprocess.run([*control, "-o", settings, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield str(folder)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """An empty database of its own."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(host=postgresql, user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"postgresql+psycopg://{_ACCOUNT}@/{name}?host={postgresql}"
    with psycopg.connect(host=postgresql, user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: every test that asks runs on both engines."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.sqlite"
    url: str = request.getfixturevalue("postgresql_url")
    return url


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
