"""A greylist as Postfix asks one: its policy delegation protocol (SMTPD_POLICY_README)."""

import socketserver
import threading
from collections.abc import Collection
from typing import Any

from servers.waiting import LOOPBACK


class Greylist:
    """Puts each of `recipients` off once, and has no opinion on anybody else."""

    def __init__(self, recipients: Collection[str]) -> None:
        self.seen: set[str] = set()
        greylist = self

        class Asked(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                facts: dict[str, str] = {}
                for raw in self.rfile:
                    name, _, value = raw.decode().strip().partition("=")
                    if name:
                        facts[name] = value
                        continue
                    self.wfile.write(f"action={greylist.answer(facts, recipients)}\n\n".encode())
                    facts = {}

        self._server: Any = socketserver.ThreadingTCPServer((LOOPBACK, 0), Asked)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def answer(self, facts: dict[str, str], recipients: Collection[str]) -> str:
        recipient = facts.get("recipient", "")
        if recipient not in recipients or recipient in self.seen:
            return "DUNNO"
        self.seen.add(recipient)
        return "450 4.2.0 greylisted, come back later"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
