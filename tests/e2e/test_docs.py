"""Every code block of the documentation runs as it stands; `support.docs.world` says what its words stand for."""

from pathlib import Path

import pytest

from support.docs.pages import ROOT, Block, blocks, pages
from support.docs.runners import RUNNERS, NotInstalled, systemd
from support.docs.world import World

WITH_BLOCKS = [page for page in pages() if any(not block.reason for block in blocks(page))]
UNITS = sorted((ROOT / "deploy").rglob("*.service"))


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_of_the_page_runs(page: Path) -> None:
    missing: list[str] = []
    with World() as world:
        wrong = [_run(block, world, missing) for block in blocks(page) if not block.reason]
    assert not any(wrong), "\n\n".join(filter(None, wrong))
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def _run(block: Block, world: World, missing: list[str]) -> str:
    try:
        reported = RUNNERS[block.language](block.text, world)
    except NotInstalled as error:
        missing.append(str(error))
        return ""
    return f"{block.place}: {reported}" if reported else ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_is_understood_by_systemd(unit: Path) -> None:
    with World() as world:
        try:
            reported = systemd(unit.read_text(), world, unit.name)
        except NotInstalled as error:
            pytest.skip(f"not installed: {error}")
    assert reported == ""
