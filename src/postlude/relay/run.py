"""The relay's process part."""

import asyncio
import socket
from functools import partial

from postlude.adapters.smtp_door import Door, Guard, serve
from postlude.adapters.smtp_door import Login as CheckPassword
from postlude.journal import Spool
from postlude.kit.clock import Clock
from postlude.model.words import Via
from postlude.relay.config import CheckLogin, RelayConfig
from postlude.relay.guard import RelayGuard
from postlude.relay.throttle import Throttle
from postlude.services.ports import Append
from postlude.services.submit_accept import accept


async def run_relay(
    config: RelayConfig,
    sock: socket.socket,
    *,
    check: CheckLogin,
    append: Append,
    spool: Spool,
    clock: Clock,
    stop: asyncio.Event,
) -> None:
    """Take mail from logged-in clients on a listening socket until `stop`.

    250 after a message means: its bytes are in the spool and its Submitted is in the journal, both durable.
    """
    throttle = Throttle(clock)
    take_in = partial(accept, append, spool, clock, via=Via.RELAY)
    guards: dict[int, RelayGuard] = {}

    def guard(door: Door) -> Guard:
        made = RelayGuard(door, check, throttle, take_in, clock)
        guards[id(door)] = made
        return made

    def login(door: Door) -> CheckPassword:
        return guards.pop(id(door)).login

    await serve(config, sock, guard, login, stop)
