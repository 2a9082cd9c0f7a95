"""Certificates fetched from elsewhere, one file each."""

from hashlib import blake2b
from pathlib import Path

from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.model.errors import StorageError


class CertificateFolder:
    """An address is asked once and never again: what signs under it does not change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def get(self, url: str) -> str | None:
        """The PEM behind `url`, None when it was never fetched."""
        if url not in self._known and (path := self._path(url)).is_file():
            self._known[url] = path.read_text(encoding="ascii", errors="replace")
        return self._known.get(url)

    def put(self, url: str, pem: bytes) -> None:
        """Store a fetched certificate; StorageError."""
        path = self._path(url)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            replace_durably(path, pem, mode=0o640)
        except OSError as error:
            raise StorageError(file_trouble(error, path)) from error

    def _path(self, url: str) -> Path:
        return self._folder / f"{blake2b(url.encode(), digest_size=16).hexdigest()}.pem"
