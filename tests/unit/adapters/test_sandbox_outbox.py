import os
from pathlib import Path

import pytest

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.model.errors import NotFoundError
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing
from servers.starts import Started

MAIL = b"Subject: caf\xe9\r\n\r\nbody\n.\r\n\x00end"


class Ticking:
    def __init__(self) -> None:
        self.time = 1_790_000_000_000_000

    def now(self) -> int:
        self.time += 1
        return self.time


async def test_what_was_accepted_comes_back_byte_for_byte(tmp_path: Path) -> None:
    outbox = SandboxOutbox(tmp_path / "mailbox", Ticking())
    answer = await outbox.send(Outgoing("bounce+x@a.example", "bob@b.example", MAIL, "env-1"), Started())
    assert answer.outcome == SendOutcome.ACCEPTED
    assert answer.code == 250
    assert answer.enhanced == "2.0.0"
    assert answer.phase == "sandbox"
    mail, data = SandboxOutbox(tmp_path / "mailbox", Ticking()).get(answer.remote_id)
    assert data == MAIL
    envelope = mail.envelope
    assert envelope.mail_from == "bounce+x@a.example"
    assert envelope.rcpt_to == "bob@b.example"
    assert envelope.envid == "env-1"
    assert envelope.size == len(MAIL)


async def test_newest_first_in_pages(tmp_path: Path) -> None:
    outbox = SandboxOutbox(tmp_path, Ticking())
    assert outbox.list() == []
    ids = [(await outbox.send(Outgoing("", f"r{i}@b.example", MAIL), Started())).remote_id for i in range(5)]
    assert [mail.id for mail in outbox.list()] == ids[::-1]
    assert [mail.id for mail in outbox.list(limit=2, before=ids[3])] == [ids[2], ids[1]]


@pytest.mark.parametrize("wrong", ["", "../../etc/passwd", "0" * 32, "g" * 32, "0" * 31])
def test_an_unknown_id_is_not_found(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(NotFoundError):
        SandboxOutbox(tmp_path, Ticking()).get(wrong)


async def test_a_refusing_disk_defers_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    answer = await SandboxOutbox(tmp_path / "file" / "mailbox", Ticking()).send(
        Outgoing("", "r@b.example", MAIL), Started()
    )
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.code == 452
    assert str(tmp_path / "file") in answer.text


async def test_half_written_files_are_not_mail(tmp_path: Path) -> None:
    (tmp_path / f".{'0' * 32}").write_bytes(b'{"at":')
    (tmp_path / "notes.mail").write_bytes(b"?")
    assert SandboxOutbox(tmp_path, Ticking()).list() == []


async def test_file_then_name_then_folder_reach_the_disk_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(fd: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{fd}") else "file")  # noqa: PTH112 - a magic link
        fsync(fd)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    await SandboxOutbox(tmp_path, Ticking()).send(Outgoing("", "r@b.example", MAIL), Started())
    assert steps == ["file", "name", "folder"]
