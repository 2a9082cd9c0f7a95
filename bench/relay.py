"""Messages a second the relay makes durable, and copies a second the transport hands over (`python bench/relay.py`).

Clients, relay and sink share this machine, so the numbers are lower bounds; quote them with the machine.
"""

import argparse
import asyncio
import multiprocessing
import resource
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import uvloop

from postlude.adapters.smtp import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.journal import JournalWriter, Spool
from postlude.kit.clock import SystemClock
from postlude.relay import Login, RelayConfig, run_relay

LINE = b"x" * 76 + b"\r\n"


async def anybody(_login: str, _password: str) -> Login:
    return Login(1, ("*@example.org",))


def serve(sock: socket.socket, root: Path) -> None:
    async def main() -> None:
        (root / "journal").mkdir()
        journal = JournalWriter(root / "journal", "mail")
        await run_relay(
            RelayConfig(hostname="bench"),
            sock,
            check=anybody,
            append=journal.append,
            spool=Spool(root / "spool"),
            clock=SystemClock(),
            stop=asyncio.Event(),
        )

    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    uvloop.run(main())


def submit(port: int, count: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.login("a@example.org", "x")
        for _ in range(count):
            client.sendmail("a@example.org", ["b@example.com"], raw)


def accepting(count: int, clients: int, raw: bytes) -> tuple[float, int]:
    with tempfile.TemporaryDirectory(dir=".") as folder, socket.create_server(("127.0.0.1", 0), backlog=100) as sock:
        process = multiprocessing.Process(target=serve, args=(sock, Path(folder)))
        process.start()
        port = sock.getsockname()[1]
        threads = [threading.Thread(target=submit, args=(port, count // clients, raw)) for _ in range(clients)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        memory = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmRSS" in line)
        process.terminate()
        process.join()
    return count / seconds, int(memory.split()[1]) // 1024


def handing_over(count: int, connections: int, raw: bytes) -> float:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    sink = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "100"])
    time.sleep(0.5)

    async def main() -> float:
        way = SmtpTransport(
            SmtpConfig(host="127.0.0.1", port=port, tls=TlsPolicy.NONE, connections=connections, helo="bench")
        )
        began = time.perf_counter()
        await asyncio.gather(*(way.send("a@example.org", "b@example.com", raw, "") for _ in range(count)))
        seconds = time.perf_counter() - began
        await way.close()
        return count / seconds

    try:
        return uvloop.run(main())
    finally:
        sink.terminate()
        sink.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--bytes", type=int, default=50_000)
    given = parser.parse_args()
    raw = b"From: a@example.org\r\nTo: b@example.com\r\nSubject: bench\r\n\r\n" + LINE * (given.bytes // len(LINE))
    rate, memory = accepting(given.messages, given.clients, raw)
    print(f"accepted and durable: {rate:,.0f} messages/s of {len(raw):,} bytes, relay {memory} MB resident")
    print(f"handed over to smtp-sink: {handing_over(given.messages, 4, raw):,.0f} copies/s on 4 connections")
    print(f"processor seconds of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.1f}")


if __name__ == "__main__":
    main()
