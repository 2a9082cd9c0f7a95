"""PostgreSQL as Debian packages it, on a unix socket of its own: started, stopped hard, copied and put back."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg

_BIN = Path("/usr/lib/postgresql/15/bin")
_ACCOUNT = "postgres"


class Postgresql:
    """One server. It has no TCP port and syncs nothing."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postlude-pg-", dir="/tmp"))  # short: sockets allow 107 bytes
        self._data = self.folder / "data"
        self._as_whom: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._as_whom = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        user = ["-U", _ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = [*self._as_whom, str(_BIN / "initdb"), "-D", str(self._data), *user]
        subprocess.run(made, check=True, capture_output=True, cwd="/")

    @staticmethod
    def installed() -> bool:
        """Whether there is one to start."""
        return (_BIN / "initdb").exists()

    def start(self) -> None:
        """Return when it takes connections."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off -c max_connections=50"
        # Kept out of the pipes: the server would hold them open for as long as it lives.
        subprocess.run([*self._control(), "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def stop(self, how: str = "immediate") -> None:
        """`immediate` is what a crash is; `fast` ends in order."""
        subprocess.run([*self._control(), "-m", how, "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/")

    def freeze(self) -> None:
        """Let it answer nobody and refuse nobody, as a machine does that hangs."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    def connected(self, url: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A connection to one of its databases."""
        name = url.partition("@/")[2].partition("?")[0]
        return psycopg.connect(host=str(self.folder), user=_ACCOUNT, dbname=name, autocommit=True)

    def create(self) -> str:
        """An empty database; its address."""
        name = f"t{uuid.uuid4().hex}"
        self._run(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{_ACCOUNT}@/{name}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Delete a database that `create` made."""
        self._run(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")

    def copy_to(self, target: Path) -> None:
        """Everything in it, while it is stopped."""
        shutil.copytree(self._data, target)

    def put_back(self, source: Path) -> None:
        """What `copy_to` copied, while it is stopped."""
        shutil.rmtree(self._data)
        subprocess.run(["cp", "-a", str(source), str(self._data)], check=True)
        if self._as_whom:
            subprocess.run(["chown", "-R", f"{_ACCOUNT}:{_ACCOUNT}", str(self._data)], check=True)

    def close(self) -> None:
        """Nothing of it is left."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _processes(self) -> list[int]:
        """The server's processes, its first one included."""
        try:
            first = int((self._data / "postmaster.pid").read_text().split()[0])
            family = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        except (OSError, ValueError, IndexError):
            return []
        return [first, *map(int, family)]

    def _control(self) -> list[str]:
        return [*self._as_whom, str(_BIN / "pg_ctl"), "-D", str(self._data), "-w", "-l", str(self.folder / "log")]

    def _run(self, statement: str) -> None:
        with psycopg.connect(host=str(self.folder), user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)  # no word of a stranger
