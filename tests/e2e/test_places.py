"""What stands in the place of files and folders that a process does not need holds it up in nothing, and is told."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.example_mails import offer
from servers.postlude import Postlude
from servers.supervision import health, told
from servers.waiting import wait_for
from support.no_files import NO_FILES

BOB = "bob@customer.test"
NOT_NEEDED = ("mailbox", "uploads", "views", "spool/in", "networks", "files")
FILES = ("lists.json", "revoked.bin", "history.duckdb", "spool-in.id")


def put(path: Path, kind: str) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    NO_FILES[kind](path)


@pytest.mark.parametrize("kind", ["a link to itself", "a pipe"])
def test_mail_is_taken_whatever_stands_where_it_is_not_needed(postlude: Callable[..., Postlude], kind: str) -> None:
    running = postlude()
    login = running.login()
    wait_for("the copy of logins", (running.data / "logins.json").exists, 30)
    running.stop()
    for name in NOT_NEEDED + FILES:
        put(running.data / name, kind)
    running.begin()
    wait_for("edge, relay and inbound", running.serves_the_world, 60, pause=0.3)
    running.submit(login.user, [BOB], offer(login.user, [BOB]))
    wait_for("word of the folder", lambda: told(running, "data folder", *NOT_NEEDED), 60, pause=0.5)
    assert health(running)["code"] == 503
    found = running.run("doctor").out
    assert [name for name in NOT_NEEDED if str(running.data / name) not in found] == []
    assert "Traceback" not in running.child.output()
