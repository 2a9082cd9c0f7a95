"""TLS in process: certificate files that are read again when they change."""

import logging
import ssl
from pathlib import Path

from postlude.model.errors import SettingError

_log = logging.getLogger(__name__)
_Stamp = tuple[int, int, int]


class Certificate:
    """A certificate and its key; without files there is no TLS and `context` is None."""

    def __init__(self, cert: Path | None, key: Path | None) -> None:
        self._files = [path for path in (cert, key) if path is not None]
        self.context: ssl.SSLContext | None = None
        self._stamps: list[_Stamp] = []
        if not self._files:
            return
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        try:
            self._load(self.context)
        except (OSError, ssl.SSLError) as error:
            raise SettingError(f"TLS certificate {self._files[0]}: {error}") from error

    def refresh(self) -> None:
        """Reload the files if they changed; new connections get the new certificate, a bad one changes nothing."""
        if self.context is None:
            return
        try:
            if self._stat() != self._stamps:
                self._load(self.context)
                _log.info("edge: certificate reloaded")
        except (OSError, ssl.SSLError) as error:
            _log.warning("edge: certificate not loaded: %s", error)

    def _load(self, context: ssl.SSLContext) -> None:
        stamps = self._stat()
        cert, key = self._files[0], self._files[-1]
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)  # a mismatched pair must not get in
        context.load_cert_chain(cert, key)
        self._stamps = stamps

    def _stat(self) -> list[_Stamp]:
        stats = [path.stat() for path in self._files]
        return [(stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats]
