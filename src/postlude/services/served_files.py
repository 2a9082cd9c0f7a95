"""Files that the edge serves to recipients: hosted ones and pages."""

from pathlib import Path

from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.model.errors import StorageError


def write_durably(path: Path, content: bytes) -> None:
    """Write a file atomically and durably; StorageError when the disk refused."""
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        replace_durably(path, content, mode=0o640)
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error
