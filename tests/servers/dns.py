"""A small DNS server on loopback: answers from a table, over UDP, as the server of a resolver does."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]
"""`("_dmarc.example.org", "TXT")` to its values in zone file form."""


class DnsServer:
    """Its zone may be changed while it runs."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.broken = False
        """Answer SERVFAIL to everything."""
        self.silent = False
        """Answer nothing."""
        self.questions: set[str] = set()
        """Names that were asked for."""
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        values = self.zone.get((name, kind), [])
        if values:
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not any(known == name for known, _ in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire(max_size=4096)

    @contextmanager
    def running(self) -> Iterator["DnsServer"]:
        server = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                server.questions |= {question.name.to_text() for question in dns.message.from_wire(wire).question}
                if not server.silent:
                    sock.sendto(server.answer(wire), self.client_address)

        with _Threaded(("127.0.0.1", 0), Udp) as udp:
            self.port = udp.server_address[1]
            threading.Thread(target=udp.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            yield self
            udp.shutdown()


class _Threaded(socketserver.ThreadingUDPServer):
    allow_reuse_address = True
    daemon_threads = True


def zone_of(lines: list[str]) -> Zone:
    """A zone from zone file lines, as `postlude domain add --zone` prints them."""
    zone: Zone = {}
    for line in lines:
        name, _ttl, _class, kind, value = line.split(" ", 4)
        zone.setdefault((name.rstrip(".").lower(), kind), []).append(value)
    return zone
