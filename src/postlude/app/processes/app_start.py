"""The app process from its command to its end: it waits for stores that cannot be opened, and says so meanwhile."""

import asyncio
import gc
import socket
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Final

from postlude.app.build.common import Parts, build_parts
from postlude.app.processes.event_loop import run_until_stopped, say, start_log
from postlude.app.processes.sockets import inherited, listen_for, port_of
from postlude.app.processes.succession import succeed
from postlude.app.processes.supervised import APP_STOP_S, Supervision
from postlude.config import Settings
from postlude.kit.loop import Troubled
from postlude.kit.priority import yield_to_edges

if TYPE_CHECKING:
    from postlude.app.background.health_watch import HealthWatch
    from postlude.app.processes.web_socket import WebSocket

_MAIL_FIRST_S: Final = 3.0  # so long the stores have the processor to themselves
_COMMAND_S: Final = 10.0  # a command that found no app running has the stores for a moment


def run_app(settings: Settings, *, web: int | None, supervised: bool, supervision: Supervision) -> None:
    """Run the app until it is told to stop.

    `web` is the descriptor of the web app's socket. Without one it is bound here; as one of `supervised` processes it
    goes on without while the port is taken.
    """
    start_log(settings.log_level)
    yield_to_edges()
    parts = build_parts(settings, must_write=False)
    if supervision.outlives:
        succeed(parts.folder.root, "app", APP_STOP_S)
    with closing(parts.folder.lock(_COMMAND_S if supervision.child else 0.0)):
        sock = inherited(web) if web is not None else None if supervised else listen_for(settings, "web")
        if sock is not None:
            parts = replace(parts, settings=replace(settings, web_port=port_of(sock)))  # port 0 took a free one
        bond = supervision.bond(parts.folder.root, "app", {"--web-fd": sock} if sock is not None else {})
        troubles = bond.troubles if bond is not None else []
        run_until_stopped(lambda stop: _run(parts, sock, troubles, stop, supervised=supervised), bond=bond)
    gc.collect()  # what errors of an outage still hold: DuckDB would list it in the log as leaked


async def _run(
    parts: Parts, web: socket.socket | None, troubles: list[Troubled], stop: asyncio.Event, *, supervised: bool
) -> None:
    # Half of the start is loading programs: in a thread, so that signs of life are given meanwhile. Those that mail
    # needs come first, so what was handed in while nothing ran leaves before the web app is there.
    await asyncio.to_thread(import_module, "postlude.app.processes.mail_flow")
    from postlude.app.background.health_watch import HealthWatch  # noqa: PLC0415 - see above
    from postlude.app.build.stores import stores_when_possible  # noqa: PLC0415 - see above
    from postlude.app.processes.mail_flow import MailFlow  # noqa: PLC0415 - see above

    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(HealthWatch(parts, supervised=supervised))
        opening = asyncio.create_task(stores_when_possible(parts, watch.running, troubles, stop), name="stores")
        served = None
        if not (await asyncio.wait({opening}, timeout=_MAIL_FIRST_S))[0]:  # it may be hours: people are told meanwhile
            served = await _serve(parts, web, watch, stack)
        stores = await opening
        if stores is None:
            return
        stack.push_async_callback(asyncio.to_thread, stores.close)
        flow = await stack.enter_async_context(MailFlow(parts, stores, watch))
        served = served or await _serve(parts, web, watch, stack)
        from postlude.app.processes.app import AppProcess  # noqa: PLC0415 - see above

        app = AppProcess(parts, stores, flow, served, watch, supervised=supervised)
        await stack.enter_async_context(app)
        say(app.welcome())
        await stop.wait()
        if not supervised:
            say("stopping")


async def _serve(parts: Parts, web: socket.socket | None, watch: "HealthWatch", stack: AsyncExitStack) -> "WebSocket":
    """Load the web app's programs, and answer at its address that it is starting."""
    await asyncio.to_thread(import_module, "postlude.app.processes.app")
    from postlude.app.processes.web_socket import WebSocket  # noqa: PLC0415 - see `_run`

    return await stack.enter_async_context(WebSocket(parts.settings, web, watch))
