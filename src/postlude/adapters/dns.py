"""Asks DNS. dnspython is imported at the first question."""

from typing import TYPE_CHECKING, Final

from postlude.model.errors import SettingError
from postlude.services.domains.dns_records import LookupFailedError

if TYPE_CHECKING:
    from dns.resolver import Resolver

_TIMEOUT_S: Final = 3.0
_PORT: Final = 53


class Dns:
    """A resolver; safe for threads. `server` is HOST or HOST:PORT (an address), empty for the system's."""

    def __init__(self, server: str = "") -> None:
        self._server: Final = server
        self._resolver: Resolver | None = None

    def lookup(self, name: str, kind: str) -> list[str]:
        """Values as text: TXT joined, MX `10 host.`, names with their dot. Empty when there are none."""
        from dns.exception import DNSException, Timeout  # noqa: PLC0415 - 9 MB that only checks of domains need
        from dns.resolver import NXDOMAIN, NoAnswer  # noqa: PLC0415 - as above

        if self._resolver is None:
            self._resolver = self._made()
        try:
            answer = self._resolver.resolve(name, kind, search=False)
        except (NXDOMAIN, NoAnswer):
            return []
        except (DNSException, OSError, UnicodeError) as error:
            text = f"{name} {kind}: {type(error).__name__}"
            raise LookupFailedError(text, silent=isinstance(error, Timeout)) from error
        if kind == "TXT":
            return [b"".join(each.strings).decode("utf-8", "replace") for each in answer]
        return sorted(each.to_text() for each in answer)

    def _made(self) -> "Resolver":
        from dns.resolver import NoResolverConfiguration, Resolver  # noqa: PLC0415 - as above

        try:
            resolver = Resolver(configure=not self._server)
        except NoResolverConfiguration as error:
            raise LookupFailedError("this system has no DNS server configured") from error
        if self._server:
            host, port = _split(self._server)
            try:
                resolver.nameservers, resolver.port = [host], port
            except ValueError as error:
                raise SettingError(
                    f"POSTLUDE_DNS_SERVER: {self._server!r} is not a valid address; write one such as 9.9.9.9:53"
                ) from error
        resolver.lifetime = _TIMEOUT_S
        return resolver


def _split(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(port)
    return server.strip("[]"), _PORT
