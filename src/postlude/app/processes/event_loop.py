"""Running one process: the loop, its signals, and the parent's pipe."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop

from postlude.kit.descriptors import raise_descriptor_limit
from postlude.kit.log_limit import LogLimit


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[None]], *, child: bool = False) -> None:
    """Run `main(stop)` on uvloop; `stop` is set by SIGTERM and Ctrl-C.

    The limit of open files is raised to the account's maximum. As a child it ignores Ctrl-C (the parent decides the
    order) and stops when its standard input closes.
    """
    raise_descriptor_limit()

    async def body() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        if child:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.set_blocking(0, False)
            loop.add_reader(0, _stop_at_end, loop, stop)
        else:
            loop.add_signal_handler(signal.SIGINT, stop.set)
        await main(stop)

    uvloop.run(body())


def _stop_at_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    try:
        if os.read(0, 4096):
            return
    except BlockingIOError:
        return
    loop.remove_reader(0)
    stop.set()


def start_log(level: str) -> None:
    """Log to standard error, one line per event; frequent lines of one place are limited."""
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        force=True,
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(LogLimit())
    for name in ("mail.log", "alembic"):  # aiosmtpd writes every SMTP line at INFO, Alembic each of its plugins
        logging.getLogger(name).setLevel(logging.WARNING)
