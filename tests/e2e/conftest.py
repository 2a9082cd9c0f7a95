"""The real things, started when a test asks for them and stopped whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from servers.chromium import chromium
from servers.disk import mounted
from servers.pair import Servers
from servers.postlude import Postlude
from servers.shop import Shop
from servers.sink import Sink
from support.databases import database_pool, migrated_database, postgresql, postgresql_url

__all__ = ["database_pool", "migrated_database", "postgresql", "postgresql_url"]

LOG_TAIL = 20_000

# What a page shall show at last; the default of 5 s measures how busy the machine is.
expect.set_options(timeout=60_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by what a test asks for; one worker keeps the mail servers, so that they start once."""
    for item in items:
        if "tests/e2e" not in item.path.as_posix():
            continue
        item.add_marker("e2e")
        item.add_marker("long")
        fixtures = getattr(item, "fixturenames", ())
        if "mail_servers" in fixtures:
            item.add_marker("postfix")
            item.add_marker(pytest.mark.xdist_group("mail"))
        if "browser" in fixtures:
            item.add_marker("browser")
        if "shared_postlude" in fixtures:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[Servers]:
    """Postfix and Dovecot for the whole run. Tests use `mail`."""
    with Servers() as servers:
        yield servers


@pytest.fixture
def mail(mail_servers: Servers, request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Postfix and Dovecot with empty mailboxes; what they logged during the test is shown when it fails."""
    mail_servers.fresh()
    before = len(mail_servers.postfix.log()), len(mail_servers.dovecot.log())
    yield mail_servers
    mail_servers.forwarder.target = None
    logs = {"Postfix": mail_servers.postfix.log(), "Dovecot": mail_servers.dovecot.log()}
    for (name, log), seen in zip(logs.items(), before, strict=True):
        request.node.add_report_section("teardown", name, log[seen:][-LOG_TAIL:])


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server that counts."""
    with Sink() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module (its loop must be gone before a module with async tests starts)."""
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: no cookies, no cache."""
    fresh = browser.new_context()
    fresh.set_default_timeout(30_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One tab."""
    return context.new_page()


@pytest.fixture
def postlude(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Postlude]]:
    """Starts instances: `postlude(setting=value)`. They share nothing, and none outlives the test."""
    made: list[Postlude] = []

    def start(*, empty: bool = False, real: bool = False, **settings: object) -> Postlude:
        home = tmp_path / f"postlude-{len(made)}"
        home.mkdir()
        made.append(Postlude(home, empty=empty, real=real, **settings))
        made[-1].start()
        return made[-1]

    yield start
    for instance in made:
        instance.close()
        request.node.add_report_section(
            "teardown", f"Postlude {instance.home.name}", instance.child.output()[-LOG_TAIL:]
        )


@pytest.fixture(scope="module")
def shared_postlude(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postlude]:
    """One instance for the tests of a module, each of which writes to addresses of its own: a start costs more."""
    instance = Postlude(tmp_path_factory.mktemp("shared"))
    instance.start()
    yield instance
    instance.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Where links lead."""
    with Shop() as open_shop:
        yield open_shop


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB."""
    with mounted(tmp_path / "small", "48m") as folder:
        yield folder
