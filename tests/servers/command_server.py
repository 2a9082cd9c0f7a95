"""A process that has loaded all of `postlude` and forks itself for every command: the command costs no imports.

Run as a program with the numbers of two sockets: it ends with the first and is called at the second. A request is JSON
(arguments, environment, working folder, whether it leads a session of its own) and four descriptors: standard input,
output and error, and a pipe that is told the process's id and then its exit code. `postlude up` forks its children as
well (`forked_children`).
"""

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from servers import forked_children

LARGEST_REQUEST = 1 << 18


def _load_everything() -> None:
    import postlude  # noqa: PLC0415 - in the server alone, not in the tests that only ask for LARGEST_REQUEST

    for module in pkgutil.walk_packages(postlude.__path__, "postlude."):
        if "migrations" not in module.name and module.name != "postlude.__main__":
            import_module(module.name)
    gc.collect()
    gc.freeze()  # a command need not look at all of this, which would copy it


def _wait_for(child: int, report: int) -> None:
    """In a process between the server and the command: says who runs, and how it ended."""
    os.write(report, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(
    arguments: list[str], environment: dict[str, str], folder: str, descriptors: list[int], *, leads: bool
) -> None:
    if leads:
        os.setsid()
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = arguments


def serve(lifeline: socket.socket, listener: socket.socket) -> None:
    """Answer requests until the other side is gone. Returns in the command's process as well, with its own sys.argv."""
    while True:
        if lifeline in select.select([lifeline, listener], [], [])[0]:
            os._exit(0)
        caller, _ = listener.accept()
        with caller:
            request, descriptors, _, _ = socket.recv_fds(caller, LARGEST_REQUEST, 4)
        if request and os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            lifeline.close()
            listener.close()
            if child := os.fork():
                _wait_for(child, descriptors[3])
            arguments, environment, folder, leads = json.loads(request)
            _become(arguments, environment, folder, descriptors, leads=leads)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _run_to_its_end(main: Callable[[], None]) -> None:
    """As the interpreter ends a program, without taking apart all that was loaded, which takes 0.4 s of processor."""
    try:
        main()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    ours, calls = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    sys.path.remove(str(Path(__file__).parents[1]))  # a command sees what it would see anywhere
    _load_everything()
    serve(ours, calls)
    sendmail = sys.argv[0].endswith("-sendmail")
    if sys.argv[1:2] == ["up"]:
        forked_children.install(_run_to_its_end)
    _run_to_its_end(import_module("postlude.cli.messages.sendmail" if sendmail else "postlude.cli.main").main)
