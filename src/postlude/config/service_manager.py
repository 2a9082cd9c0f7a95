"""What the service manager tells its processes in the environment (sd_notify(3), sd_watchdog_enabled(3))."""

import os
from typing import Final, NamedTuple

from postlude.config.load import environment

_SOCKET: Final = "NOTIFY_SOCKET"
_WATCHDOG_US: Final = "WATCHDOG_USEC"
_WATCHDOG_PID: Final = "WATCHDOG_PID"


class Notify(NamedTuple):
    """Where it listens, and how often it wants to hear."""

    address: str
    """Empty: nowhere."""
    watchdog_s: float
    """Silence for so long is taken for a hang; 0: never."""


def service_manager() -> Notify:
    """What concerns this process; a child of it is not asked."""
    env = environment()
    wanted = env.get(_WATCHDOG_US, "")
    ours = env.get(_WATCHDOG_PID, str(os.getpid())) == str(os.getpid())
    return Notify(env.get(_SOCKET, ""), int(wanted) / 1e6 if ours and wanted.isdecimal() else 0.0)


def child_environment() -> dict[str, str]:
    """The environment without the service manager's variables: it accepts no message from children."""
    return {name: value for name, value in environment().items() if name not in {_SOCKET, _WATCHDOG_US, _WATCHDOG_PID}}
