"""`postlude campaigns files`, in process on a real store."""

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from postlude.app.build.common import build_parts
from postlude.cli.main import cli
from postlude.config import load
from postlude.store import open_store
from support.hosted_world import sent_with_download


def test_files_are_shown_replaced_and_withdrawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTLUDE_DATA", str(tmp_path / "data"))
    folder = build_parts(load()).folder.files
    with closing(open_store(load().database)) as store:
        sent_with_download(store, folder)
    (tmp_path / "a.pdf").write_bytes(b"newest")

    def run(*words: str) -> str:
        return CliRunner().invoke(cli, ["campaigns", "files", "News", *words], catch_exceptions=False).output

    assert "a.pdf" in run()
    assert "replaced" in run("--replace", str(tmp_path / "a.pdf"))
    assert [path.read_bytes() for path in folder.iterdir()] == [b"newest"]
    assert "withdrawn" in run("--withdraw", "a.pdf")
