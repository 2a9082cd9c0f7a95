"""An IMAP server on loopback that says what it is told to, true or not."""

import socketserver
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self


class ScriptedImap:
    """`search(first, last)` names UIDs, `fetch(uid)` is the whole answer to a FETCH of a body.

    `says` is sent piece by piece, by the word of the command; "" for the greeting.
    """

    def __init__(self, search: Callable[[int, int], list[int]], fetch: Callable[[int], bytes], **status: int) -> None:
        self.search = search
        self.fetch = fetch
        self.status = {"uidvalidity": 1, "uidnext": 100, "exists": 10} | status
        self.searched: list[str] = []
        self.says: dict[str, Iterable[bytes]] = {"": [b"* OK [CAPABILITY IMAP4rev1] ready\r\n"]}
        script = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                script.talk(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def talk(self, handler: socketserver.StreamRequestHandler) -> None:
        """One connection."""
        try:
            self._say(handler, "")
            while line := handler.rfile.readline():
                tag, _, rest = line.strip().decode().partition(" ")
                self._say(handler, rest.partition(" ")[0].upper())
                handler.wfile.write(self._answer(rest) + f"{tag} OK done\r\n".encode())
        except OSError:
            return

    def _say(self, handler: socketserver.StreamRequestHandler, word: str) -> None:
        for piece in self.says.get(word, ()):
            handler.wfile.write(piece)

    def _answer(self, command: str) -> bytes:
        word = command.upper()
        if word.startswith("EXAMINE"):
            state = self.status
            return (
                f"* {state['exists']} EXISTS\r\n* OK [UIDVALIDITY {state['uidvalidity']}] x\r\n"
                f"* OK [UIDNEXT {state['uidnext']}] x\r\n"
            ).encode()
        if word.startswith("UID SEARCH"):
            self.searched.append(command)
            first, _, last = word.rpartition("UID ")[2].partition(":")
            return f"* SEARCH {' '.join(map(str, self.search(int(first), int(last))))}\r\n".encode()
        if word.startswith("UID FETCH"):
            uids = [int(uid) for uid in word.split()[2].split(",")]
            if "SIZE" in word:
                return b"".join(b"* 1 FETCH (UID %d RFC822.SIZE 10)\r\n" % uid for uid in uids)
            return self.fetch(uids[0])
        return b"* CAPABILITY IMAP4rev1\r\n" if word == "CAPABILITY" else b""


def body(uid: int, data: bytes) -> bytes:
    """The answer that hands a mail over."""
    return b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (uid, len(data), data)
