"""Where a server listens."""

from typing import NamedTuple


class ListenAddress(NamedTuple):
    """Host and port of one endpoint, as the settings say."""

    host: str
    """A name or an address; `0.0.0.0` and `::` are all of this machine."""
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
