"""The events, append-only and columnar: DuckDB behind an interface that a server could implement too."""

from pathlib import Path

from postlude.history.interface import BEFORE_ALL, CopyKey, Count, CrowdedAddress, History


def open_history(path: Path | str, *, memory_limit: str = "64MB", threads: int = 2, read_only: bool = False) -> History:
    """Open (or make) the DuckDB file at `path` for this one process; `read_only`: change nothing.

    Raises InUseError when another process has it, StorageError when it cannot be read or written.
    """
    from postlude.history.duck import DuckHistory  # noqa: PLC0415 - DuckDB costs 25 MB; the command line rarely needs it
    from postlude.history.duck_file import DuckFile  # noqa: PLC0415 - as above

    return DuckHistory(DuckFile(Path(path), memory_limit=memory_limit, threads=threads, read_only=read_only))


__all__ = ["BEFORE_ALL", "CopyKey", "Count", "CrowdedAddress", "History", "open_history"]
