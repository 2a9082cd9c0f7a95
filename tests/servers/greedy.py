"""Functions that take too much, for a child process to run."""

import os
import signal
import time
from collections.abc import Iterator

from postlude.compose import TemplateError


def add(one: int, other: int) -> int:
    return one + other


def pid() -> int:
    return os.getpid()


def never_end() -> None:
    while True:
        pass


def sleep_in_native_code() -> None:
    time.sleep(3_600)


def take_memory() -> int:
    return len(bytearray(10**10))


def abort() -> None:
    os.kill(os.getpid(), signal.SIGABRT)


def answer_much(size: int) -> bytes:
    return bytes(size)


def refuse() -> None:
    raise TemplateError("HTML", 7, "mend it")


def count(last: int) -> Iterator[int]:
    yield from range(last)


def count_then_hang(last: int) -> Iterator[int]:
    yield from range(last)
    never_end()


def count_then_refuse(last: int) -> Iterator[int]:
    yield from range(last)
    refuse()


def environment() -> dict[str, str]:
    return dict(os.environ)


def a_lambda() -> object:
    return lambda: None
