import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.kit.patient_output import PatientHandler, PatientOutput


class Pipe:
    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def fill(self) -> None:
        os.set_blocking(self.writer, False)
        try:
            while True:
                os.write(self.writer, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(self.writer, True)

    def drain(self) -> bytes:
        found = b""
        os.set_blocking(self.reader, False)
        try:
            while some := os.read(self.reader, 1 << 20):
                found += some
        except BlockingIOError:
            pass
        return found.lstrip(b"x")


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    for fd in (made.reader, made.writer):
        try:
            os.close(fd)
        except OSError:
            continue


def test_lines_are_written(pipe: Pipe) -> None:
    output = PatientOutput(pipe.writer)
    output.write_line("one")
    output.write_line("twö" + "x" * 10_000)
    assert pipe.drain() == b"one\n" + "twö".encode() + b"x" * 10_000 + b"\n"
    assert output.problem == ""


def test_a_reader_that_stands_still_is_not_waited_for(pipe: Pipe) -> None:
    output = PatientOutput(pipe.writer)
    pipe.fill()
    for number in range(3):
        output.write_line(f"line {number}")
    assert "what reads it stands still. Lines missing so far: 3." in output.problem
    pipe.drain()
    output.write_line("again")
    assert pipe.drain() == b"(lines not written here: 3, because what reads it stands still)\nagain\n"
    assert output.problem == ""


def test_who_asks_finds_out_that_it_is_read_again(pipe: Pipe) -> None:
    output = PatientOutput(pipe.writer)
    pipe.fill()
    output.write_line("lost")
    pipe.drain()
    assert output.problem == ""


def test_a_line_that_was_cut_off_ends_before_the_next(pipe: Pipe) -> None:
    output = PatientOutput(pipe.writer)
    output.write_line("a" * 200_000)
    pipe.drain()
    output.write_line("next")
    assert pipe.drain().startswith(b"\n(lines not written here: 1, ")


@pytest.mark.parametrize("why", ["full", "closed", "nobody"])
def test_what_cannot_be_written_is_counted_and_told(pipe: Pipe, why: str) -> None:
    writer = os.open("/dev/full", os.O_WRONLY) if why == "full" else os.dup(pipe.writer)
    output = PatientOutput(writer)
    if why == "nobody":
        os.close(pipe.reader)
    if why == "closed":
        os.close(writer)
    output.write_line("lost")
    words = {"full": "No space left", "closed": "Bad file descriptor", "nobody": "Broken pipe"}[why]
    assert f"the log cannot be written: {words}" in output.problem
    if why != "closed":
        os.close(writer)


def test_the_log_is_written_from_many_threads_line_by_line(pipe: Pipe) -> None:
    log = logging.Logger("test")  # noqa: LOG001 - one of its own, which no other test sees
    log.addHandler(PatientHandler(PatientOutput(pipe.writer)))
    threads = [threading.Thread(target=log.error, args=("%s", str(number) * 50)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(pipe.drain().split()) == sorted((str(number) * 50).encode() for number in range(8))


def test_a_line_that_cannot_be_put_together_stops_nobody(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    log = logging.Logger("test")  # noqa: LOG001 - one of its own, which no other test sees
    log.addHandler(PatientHandler(PatientOutput(pipe.writer)))
    log.error("%d", "not a number")
    log.error("next")
    assert pipe.drain() == b"next\n"


def test_an_output_that_was_closed_at_the_start_gets_nothing_of_ours_written_to_it(tmp_path: Path) -> None:
    program = (
        "import os; fd = os.open('mine', os.O_WRONLY | os.O_CREAT); assert fd == 2, fd; "
        "from postlude.kit.patient_output import STDERR; STDERR.write_line('x'); assert STDERR.problem"
    )
    shell = f'exec {sys.executable} -c "$0" 2>&-'
    subprocess.run(["/bin/sh", "-c", shell, program], cwd=tmp_path, check=True)
    assert (tmp_path / "mine").read_bytes() == b""
