"""Filling an empty instance with the demo, and taking all of it away again."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from typing import Final

from postlude.app.build.common import Parts, build_parts
from postlude.app.demo.clock import DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.demo.play import Play, Progress, beginning
from postlude.config import Settings
from postlude.journal import folder as journal_files
from postlude.journal import writer_names
from postlude.kit.clock import SystemClock
from postlude.model.errors import InputError
from postlude.services.integrity.sending_pause import pause_if_new
from postlude.store import Store, open_store

_MARK: Final = "demo"
_OWN_SETTINGS: Final = ("data_folder", "preferences:", "sign-in:")
"""What the settings of accounts and of the folder begin with: no demo writes them."""


Story = Callable[[DemoInstance, DemoClock], Awaitable[None]]
"""What happens in an empty instance; the clock stands at its beginning."""


def fill(
    settings: Settings, *, seed: int, end: int | None = None, progress: Progress = lambda _done: None
) -> dict[str, int]:
    """Play the demo so that it ends at `end` (now); what is there then, by name.

    InputError for an instance that is used or sends for real, InUseError while it runs; nothing was written then.
    """
    now = SystemClock().now() if end is None else end

    async def play(instance: DemoInstance, clock: DemoClock) -> None:
        await Play(instance, clock, now, seed).run(progress)

    return fill_with(settings, play, start=beginning(now), end=now, seed=seed)


def fill_with(settings: Settings, story: Story, *, start: int, end: int, seed: int) -> dict[str, int]:
    """Play `story` in an empty instance, from `start` on; what is there then, by name. Refuses as `fill` does.

    `remove_demo` takes it away; what comes after `end` counts as added since.
    """
    if not settings.sandbox:
        raise InputError(
            "the demo is for the sandbox, and this instance has a mail server. Set POSTLUDE_DATA to a new folder and "
            "leave POSTLUDE_SMTP_HOST and POSTLUDE_MAILDIR empty"
        )
    parts = build_parts(settings)
    with closing(parts.folder.lock()):
        return asyncio.run(_filled(parts, story, start, {"seed": seed, "end": end}))


async def _filled(parts: Parts, story: Story, start: int, mark: dict[str, int]) -> dict[str, int]:
    used = parts.folder.was_used()
    clock = DemoClock(start)
    async with DemoInstance(parts, clock) as instance:
        store = instance.store
        pause_if_new(store, parts.clock, parts.folder.identity(), used=used)
        await instance.digest()
        _check_empty(store)
        store.settings.put(_MARK, mark)
        await story(instance, clock)
        return store.emptying.contents() | {"events": instance.history.total()}


def _check_empty(store: Store) -> None:
    if store.settings.get(_MARK) is not None:
        raise InputError(
            "the demo is in this instance already: `postlude up` shows it, `postlude demo --remove` takes it away"
        )
    if held := store.emptying.contents():
        raise InputError(
            f"this instance is in use, it holds {_told(held)}: the demo goes into an empty one only. Set POSTLUDE_DATA "
            "to a new folder"
        )
    if store.integrity.sending_pause() is not None:
        raise InputError("sending is paused in this instance: see `postlude check`, then `postlude resume-sending`")


def remove_demo(settings: Settings, *, anyway: bool) -> dict[str, int]:
    """Take the demo away, and with it everything but accounts, keys and settings; what there was, by name.

    InputError when there is no demo, or when something was added since and it is not to go `anyway`; InUseError while
    a process of the instance runs. Run it again after an interruption.
    """
    parts = build_parts(settings)
    with ExitStack() as stack:
        stack.enter_context(closing(parts.folder.lock()))
        for name in writer_names(parts.folder.journal):
            stack.callback(os.close, journal_files.lock(parts.folder.journal / name))
        store = stack.enter_context(closing(open_store(settings.database, parts.folder.forgotten_key)))
        mark = store.settings.get(_MARK)
        if mark is None:
            raise InputError("there is no demo in this instance: nothing was removed")
        added = store.emptying.contents(since=mark["end"])
        if added and not anyway:
            raise InputError(
                f"{_told(added)} came after the demo and would be removed with it: export what you want to keep, then "
                "say `postlude demo --remove --anyway`"
            )
        held = store.emptying.contents()
        _remove_files(parts)
        store.emptying.empty(lambda key: key.startswith(_OWN_SETTINGS))
    return held


def _remove_files(parts: Parts) -> None:
    """What was sent, seen and computed. Keys stay: links of other mail of this server rest on them."""
    folder = parts.folder
    for _, proof in folder.spools:  # else the next start takes spools that are gone for disks that are not mounted
        proof.unlink(missing_ok=True)
    for each in (
        folder.journal,
        folder.spool_out,
        folder.spool_in,
        folder.mailbox,
        folder.views,
        folder.uploads,
        folder.files,
    ):
        shutil.rmtree(each, ignore_errors=True)
    for path in (folder.lists, *folder.root.glob("history.duckdb*"), *folder.root.glob("revoked.bin*")):
        path.unlink(missing_ok=True)


def _told(held: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in held.items())
