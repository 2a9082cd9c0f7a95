"""The maildir, read back with the standard library's own reader."""

import mailbox
from pathlib import Path

from postlude.adapters.maildir import Maildir
from postlude.kit.clock import SystemClock
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing
from servers.starts import Started

RAW_MAIL = b"From: a@example.org\r\nSubject: hello\r\n\r\nbody\r\n.dot\r\n"


async def test_mail_readers_find_what_was_delivered(tmp_path: Path) -> None:
    way = Maildir(tmp_path / "box", SystemClock())
    for number in range(3):
        answer = await way.send(Outgoing("v@example.org", f"r{number}@example.com", RAW_MAIL), Started())
        assert answer.outcome == SendOutcome.ACCEPTED
        assert answer.code == 250
    found = list(mailbox.Maildir(tmp_path / "box", create=False))
    assert sorted(str(one["Delivered-To"]) for one in found) == [f"r{number}@example.com" for number in range(3)]
    assert {str(one["Return-Path"]) for one in found} == {"<v@example.org>"}
    assert {one.get_payload() for one in found} == {"body\n.dot\n"}


async def test_a_folder_that_cannot_be_written_keeps_the_copy(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("a file")
    answer = await Maildir(tmp_path / "box", SystemClock()).send(Outgoing("", "r@example.com", RAW_MAIL), Started())
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.code == 452
