"""The state brought forward to this version before the app opens it."""

import subprocess
import sys
from typing import Final

from postlude.store import is_behind

_SCRIPT: Final = "import sys; from postlude.store import open_store; open_store(sys.stdin.read()).close()"


def bring_forward(url: str) -> None:
    """Run due migrations in a separate process: Alembic's 11 MB end with it.

    After a failure, opening the store tries again and reports the error. The URL, which may contain a password, is
    passed through a pipe, not on the command line.
    """
    if is_behind(url):
        command = [sys.executable, "-c", _SCRIPT]
        subprocess.run(command, input=url.encode(), capture_output=True, check=False)  # noqa: S603 - our own words
