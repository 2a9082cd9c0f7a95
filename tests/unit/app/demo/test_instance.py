"""The demo's instance on a real folder, in the demo's time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from postlude.app.build.common import build_parts
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.config import load

START = 20_000 * DAY


@pytest.fixture
async def instance(tmp_path: Path) -> AsyncIterator[DemoInstance]:
    parts = build_parts(load({"POSTLUDE_DATA": str(tmp_path / "data")}))
    async with DemoInstance(parts, DemoClock(START)) as opened:
        yield opened


async def test_people_are_imported_with_their_consent(instance: DemoInstance) -> None:
    instance.import_contacts([["email", "name"], ["anna@example.org", "Anna"]], (), ("fair",))
    anna = instance.store.contacts.by_address("anna@example.org")
    assert anna is not None
    assert anna.created_at == START


async def test_what_came_back_is_read_from_the_journal(instance: DemoInstance) -> None:
    instance.returned("", instance.user.address, b"From: a@example.org\r\nSubject: x\r\n\r\nHello\r\n")
    await instance.digest()
    assert instance.store.digest.positions()
