"""Output that need not be taken: a full disk, a closed terminal or a reader that stands still stops no process.

A pipe that is not read takes 64 KB; then whoever writes to it waits for as long as its reader likes.
"""

import errno
import logging
import os
import select
import sys
import threading
from typing import Final

_PIECE: Final = select.PIPE_BUF  # what can be written says so of this many bytes
_PATIENCE_MS: Final = 200  # a reader on a busy machine; once only, until it has taken something again
_CLOSED: Final = -1
_STANDS_STILL: Final = "what reads it stands still"


class PatientOutput:
    """One of the standard outputs. Safe from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd: Final = fd
        self._lock: Final = threading.Lock()
        self._why = ""
        self._begun = False
        self.lost = 0
        """Lines that were not taken since the last one that was."""

    @property
    def problem(self) -> str:
        """Why lines are being lost, and how many were; empty when they are taken. Tries again when asked."""
        with self._lock:
            if self.lost:
                self._catch_up()
            if not self.lost:
                return ""
            advice = "Free space, or have it read; everything else goes on"
            return f"the log cannot be written: {self._why}. Lines missing so far: {self.lost}. {advice}"

    def write_line(self, line: str) -> None:
        """Write a line, or count it as lost."""
        with self._lock:
            if (self.lost and not self._catch_up()) or not self._taken(line):
                self.lost += 1

    def _catch_up(self) -> bool:
        """Say how many are missing."""
        taken = self._taken(f"(lines not written here: {self.lost}, because {self._why})")
        if taken:
            self.lost = 0
        return taken

    def _taken(self, line: str) -> bool:
        left = (line + "\n").encode("utf-8", "backslashreplace")
        if self._begun:  # of another line, which was cut off
            left = b"\n" + left
        try:
            while left:
                if not self._takes():
                    self._why = _STANDS_STILL
                    return False
                left = left[os.write(self._fd, left[:_PIECE]) :]
                self._begun = bool(left)
        except OSError as error:
            self._why = error.strerror or str(error)
            return False
        return True

    def _takes(self) -> bool:
        if self._fd == _CLOSED:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        found = poll.poll(0 if self.lost else _PATIENCE_MS)
        if found and found[0][1] & select.POLLNVAL:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return bool(found)


class PatientHandler(logging.Handler):
    """Log lines to such an output."""

    def __init__(self, output: PatientOutput) -> None:
        super().__init__()
        self._output: Final = output

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a line that cannot be put together, as the standard library's handlers
            self.handleError(record)
        else:
            self._output.write_line(line)


def _own(fd: int, stream: object) -> PatientOutput:
    """Closed when Python started: its number may be that of a socket or a file of ours by now."""
    return PatientOutput(_CLOSED if stream is None else fd)


STDOUT: Final = _own(1, sys.__stdout__)
STDERR: Final = _own(2, sys.__stderr__)
