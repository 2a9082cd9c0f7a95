"""A released version's store on today's tables: what still runs while the others are upgraded goes on working."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

import postlude.store
from postlude.store import open_store
from postlude.store.migrate import HEAD

# What only that version's own tables can be asked, or what no process does while another is upgraded.
LEFT_OUT = ("test_migrate.py", "test_engine.py")
MIGRATING = "after_the_migration"  # in the names of tests that bring older tables forward themselves

CONFTEST = """
import os
import shutil
import sys
import uuid

import psycopg
import pytest

from postlude.store import open_store

# A process that has its store open when another brings the tables forward asks for no version any more.
sys.modules["postlude.store.migrate"].HEAD = os.environ["NEW_HEAD"]
_HOST, _TEMPLATE = os.environ["NEW_HOST"], os.environ["NEW_DATABASE"]


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request, tmp_path):
    if request.param == "sqlite":
        shutil.copyfile(os.environ["NEW_SQLITE"], tmp_path / "state.sqlite")
        yield f"sqlite:///{tmp_path}/state.sqlite"
        return
    name = f"old{uuid.uuid4().hex}"
    with psycopg.connect(host=_HOST, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield f"postgresql+psycopg://postgres@/{name}?host={_HOST}"
    with psycopg.connect(host=_HOST, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(state_url):
    opened = open_store(state_url, lambda _make: bytes(32))
    yield opened
    opened.close()
"""


@pytest.fixture(scope="module")
def new_tables(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Empty databases with today's tables, for the old tests to copy."""
    sqlite, name = tmp_path_factory.mktemp("new") / "state.sqlite", "newtables"
    open_store(f"sqlite:///{sqlite}").close()
    with psycopg.connect(host=postgresql, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    open_store(f"postgresql+psycopg://postgres@/{name}?host={postgresql}").close()
    return {"NEW_HEAD": HEAD, "NEW_SQLITE": str(sqlite), "NEW_HOST": postgresql, "NEW_DATABASE": name}


@pytest.mark.timeout(400)
def test_the_old_store_passes_its_tests_on_todays_tables(old_code: Path, new_tables: dict[str, str]) -> None:
    (old_code / "tests" / "integration" / "conftest.py").write_text(CONFTEST)
    left_out = [f"--ignore=tests/integration/store/{name}" for name in LEFT_OUT]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += [
        "--rootdir",
        ".",
        "--import-mode=importlib",
        "-o",
        "asyncio_mode=auto",
        "-W",
        "ignore",
        "-rf",
        "--tb=short",
        "-k",
        f"not {MIGRATING}",
    ]
    environment = os.environ | new_tables | {"PYTHONPATH": f"{old_code / 'src'}:{old_code / 'tests'}"}
    done = subprocess.run(
        [*command, *left_out, "tests/integration/store"],
        cwd=old_code,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_old_store_runs_its_own_code(old_code: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(old_code / "src")}
    words = [sys.executable, "-c", "import postlude.store; print(postlude.store.__file__)"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(old_code))


def test_released_migrations_are_never_edited(old_code: Path) -> None:
    released = old_code / "src" / "postlude" / "store" / "migrations" / "versions"
    today = Path(postlude.store.__file__).parent / "migrations" / "versions"
    for path in sorted(released.glob("*.py")):
        assert (today / path.name).read_bytes() == path.read_bytes(), f"{path.name} was released: add another instead"
