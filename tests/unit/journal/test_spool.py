from pathlib import Path

import pytest

from postlude.journal import Spool
from postlude.model.errors import NotFoundError, StorageError


def test_put_get_delete(tmp_path: Path):
    spool = Spool(tmp_path / "spool" / "out")
    spool.put(0xAB, b"mail")
    assert spool.get(0xAB) == b"mail"
    assert spool.path(0xAB) == tmp_path / "spool/out/00/00000000000000ab.eml"
    spool.put(0xAB, b"other")
    assert spool.get(0xAB) == b"other"
    spool.delete(0xAB)
    spool.delete(0xAB)
    with pytest.raises(NotFoundError):
        spool.get(0xAB)


def test_a_refusing_disk_is_a_storage_error_and_leaves_nothing(tmp_path: Path):
    (tmp_path / "00").write_text("in the way")
    with pytest.raises(StorageError):
        Spool(tmp_path).put(1, b"mail")
    assert [p.name for p in tmp_path.iterdir()] == ["00"]
