"""What the documentation takes for granted: a running Postlude, a mail server, a DNS server, some files."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.zone

from servers.certificates import Authority
from servers.commands import clean_environment, write_shortcut
from servers.dns import DnsServer
from servers.postlude import Postlude
from servers.process import Child
from servers.sink import Sink
from servers.waiting import LOOPBACK, wait_for
from support.docs.pages import ROOT

FILES = Path(__file__).with_name("files")
ENDPOINT_PORTS = {"8700": "web", "8701": "edge", "8702": "relay", "8703": "inbound"}
_ABSOLUTE = re.compile(r"(?<![\w./])/(?:etc|opt|run|tmp|usr/sbin|var)/[\w./@+-]*\w")
_UP = re.compile(r"^(?:\w+=\S+ )*(?:make|(?:\.venv/bin/)?postlude) up\b")
_ALONE = re.compile(
    r"^(?:\S*/)?postlude (?:feedback parse|links|instrument|doctor|domain|suppressions|lists)\b|^make\b"
)
"""Commands that need no running Postlude, as their pages say. All others get one, so that a new one does, too."""
_OTHER_MAKE = re.compile(r"^make (?!up\b|help\b)(?=\w)")
SECONDS = 60


class World:
    """One folder that looks like a clone, and what runs for it. Nothing of it outlives the page.

    Words in capitals stand for a value of this world (LOGIN, PASSWORD, MESSAGE, FILE ...); the four ports for those
    the instance has; absolute paths for the same path below the folder. Everything else runs as it is printed.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.home = Path(tempfile.mkdtemp(prefix="docs-"))  # short: a socket's path has 107 bytes
        self._stack.callback(shutil.rmtree, self.home, ignore_errors=True)
        self.sink = self._stack.enter_context(Sink())
        self.dns = DnsServer({("mail.example.org", "A"): ["192.0.2.25"], ("t.example.org", "A"): ["192.0.2.25"]})
        self._stack.enter_context(self.dns.running())
        self._authority = Authority(self.home)
        self.instance = Postlude(
            self.home,
            smtp_host=LOOPBACK,
            smtp_port=self.sink.port,
            smtp_tls="none",
            dns_server=self.dns.address,
            edge_url="https://t.example.org",
            server_name="mail.example.org",
            return_domain="bounces.example.org",
        )
        self._up: Child | None = None
        self._running = False
        self._has_campaign = False
        self._stands_for = {"ADDRESS": "bob@example.com", "FILE.eml": "offer.eml"}
        self._fill()

    def _fill(self) -> None:
        for name in ("Makefile", "deploy", "docs", "pyproject.toml", "requirements", "scripts", "src"):
            (self.home / name).symlink_to(ROOT / name)
        self._fill_environment(self.home / ".venv")
        (self.home / "opt").mkdir()
        (self.home / "opt" / "postlude").symlink_to(self.home / ".venv")
        shutil.copytree(FILES, self.home, dirs_exist_ok=True)

    def _fill_environment(self, home: Path) -> None:
        """This process's environment, but for the programs of Postlude: those are loaded already."""
        programs = home / "bin"
        programs.mkdir(parents=True)
        for path in Path(sys.prefix).iterdir():
            if path.name != "bin":
                (home / path.name).symlink_to(path)
        for path in Path(sys.executable).parent.iterdir():
            if path.name in {"postlude", "postlude-sendmail"}:
                write_shortcut(programs / path.name)
            else:
                (programs / path.name).symlink_to(path)

    @property
    def program(self) -> Path:
        """`postlude`."""
        return self.home / ".venv" / "bin" / "postlude"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._up is not None:
            self._up.kill()
        self.instance.close()
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """Of every command: the settings of the instance, and `postlude` on the path."""
        env = clean_environment(self.instance.settings)
        return env | {"PATH": f"{self.program.parent}:{os.environ['PATH']}", "HOME": str(self.home)}

    def run_up(self, text: str) -> None:
        """Have Postlude running, with offer.eml sent, and know what the words of `text` stand for."""
        if not self._running:
            self.instance.start()
            self._running = True
            if "MESSAGE" not in self._stands_for:
                sent = self.instance.run("send", self.home / "offer.eml", "--json")
                assert sent.code == 0, sent
                self._stands_for["MESSAGE"] = sent.json["message"]
        if '"Spring sale"' in text and "create" not in text and not self._has_campaign:
            assert self.instance.run("campaigns", "create", "Spring sale").code == 0
        self._has_campaign |= '"Spring sale"' in text
        if re.search(r"\bLOGIN\b", text) and "LOGIN" not in self._stands_for:
            login = self.instance.login()
            self._stands_for |= {"LOGIN": login.user, "PASSWORD": login.password}
        if "API_KEY" in text and "API_KEY" not in self._stands_for:
            made = self.instance.run("api-key", "new", self.instance.login().user, "docs", "--json")
            self._stands_for["API_KEY"] = made.json["secret"]

    def text(self, printed: str) -> str:
        """What is printed in the documentation, with this world's values."""
        for port, endpoint in ENDPOINT_PORTS.items():
            printed = re.sub(rf"(?<=:){port}\b|\b{port}(?= *[,;)])", str(self.instance.ports[endpoint]), printed)
        for word, value in self._stands_for.items():
            printed = re.sub(rf"(?<![\w$-]){re.escape(word)}(?![\w-])", value.replace("\\", r"\\"), printed)
        return _ABSOLUTE.sub(lambda found: f"{self.home}{found[0]}", printed.replace("mail.example.com", LOOPBACK))

    def make_files(self, text: str) -> None:
        """Make the files below the folder that a configuration names: certificates, or secrets."""
        for name in re.findall(rf"{self.home}[\w./@+-]*\w", text):
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() or path.suffix == ".sock" or "tmp" in path.parts[len(self.home.parts) :]:
                continue
            if path.suffix in {".pem", ".key", ".crt"}:
                self._certificate(path)
            else:
                path.write_text("secret\n")

    def _certificate(self, path: Path) -> None:
        known = self.home / "t.example.com.pem"
        path.write_bytes((known if known.exists() else self._authority.certificate("t.example.com")).read_bytes())

    def shell(self, line: str) -> str:
        """Run one line as a reader types it; what went wrong, or nothing."""
        printed = line.partition(" #")[0].strip()
        if not printed or printed.startswith("#"):
            return ""
        if _UP.match(printed):
            return self._start(printed)
        if not _ALONE.match(printed):
            self.run_up(printed)
        # the targets that run this very test are looked at, not run
        printed = _OTHER_MAKE.sub("make -n ", printed)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.text(printed)],
            cwd=self.home,
            env=self.environment,
            input="y\n",  # to every question
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if " --zone" in printed:
            self._publish(done.stdout)
        return "" if done.returncode == 0 else f"`{printed}` ended with {done.returncode}: {done.stderr or done.stdout}"

    def _publish(self, lines: str) -> None:
        """Put the records of a zone file into the DNS server, as an operator does."""
        zone = dns.zone.from_text(lines, origin=".", relativize=False, check_origin=False)
        for name, _, data in zone.iterate_rdatas():
            key = (name.to_text().rstrip(".").lower(), data.rdtype.name)
            self.dns.zone.setdefault(key, []).append(data.to_text())

    def _start(self, printed: str) -> str:
        """`postlude up` in place of the instance that runs, with Ctrl-C at the end."""
        if self._running:
            self.instance.stop()
            self._running = False
        env = self.environment
        for setting in () if "POSTLUDE_SMTP_HOST=" in printed else ("HOST", "PORT", "TLS"):
            env.pop(f"POSTLUDE_SMTP_{setting}", None)
        command = ["bash", "-c", f"cd {self.home} && exec env {self.text(printed)}"]
        child = self._up = Child("up", command, self.home / "up.log", env)
        try:
            wait_for("postlude up", lambda: child.code is not None or self.instance.ready(), 30)
            if child.code is not None:
                return f"`{printed}` did not start: {child.output()}"
            os.killpg(child.pid, signal.SIGINT)
            child.wait()
        finally:
            child.kill()
            self._up = None
        return ""
