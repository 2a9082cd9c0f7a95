"""Running one process: the loop, its signals, and its bond to who started it."""

import asyncio
import faulthandler
import logging
import signal
from collections.abc import Awaitable
from contextlib import suppress
from typing import Protocol

import uvloop

from postlude.app.processes.supervised import Bond, Supervised
from postlude.kit.descriptors import raise_descriptor_limit
from postlude.kit.log_limit import LogLimit
from postlude.kit.patient_output import STDERR, STDOUT, PatientHandler


class ProcessMain(Protocol):
    """What a process does."""

    def __call__(self, stop: asyncio.Event, /) -> Awaitable[None]:
        """Until `stop` is set, or until there is nothing left to do."""
        ...


def run_until_stopped(main: ProcessMain, *, bond: Bond | None = None) -> None:
    """Run `main(stop)` on uvloop; `stop` is set by SIGTERM and Ctrl-C.

    It may hold as many descriptors as this account may.
    As a child (`bond`) it ignores Ctrl-C (the starter decides the order), and stops when it is told to.
    """
    raise_descriptor_limit()
    if bond is not None:
        bond.troubles.append(STDERR)

    async def body() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        if bond is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            loop.add_signal_handler(signal.SIGINT, stop.set)
        async with Supervised(bond, stop):
            await main(stop)

    uvloop.run(body())


def say(text: str) -> None:
    """To who started it by hand, if they listen."""
    STDOUT.write_line(text)


def start_log(level: str) -> None:
    """Log to standard error, a line an event; a place in the code that has much to say is cut short.

    What cannot be written is counted, and told: the log stops no process.

    A watchdog's SIGABRT writes there what every thread was doing.
    """
    handler = PatientHandler(STDERR)
    handler.addFilter(LogLimit())
    logging.basicConfig(
        level=level.upper(),
        handlers=[handler],
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        force=True,
    )
    for name in ("mail.log", "alembic"):  # aiosmtpd writes every SMTP line at INFO, Alembic each of its plugins
        logging.getLogger(name).setLevel(logging.WARNING)
    with suppress(ValueError, OSError, AttributeError):  # there is no standard error
        faulthandler.enable()
