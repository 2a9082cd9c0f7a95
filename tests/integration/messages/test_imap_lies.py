"""IMAP servers that announce, number or answer what cannot be true."""

import datetime as dt

import pytest
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped] # it has no types

from postlude.adapters.imap import ImapConfig, ImapReader
from postlude.model.errors import StorageError
from postlude.services.feedback.folder_position import FolderMark
from servers.imap_script import ScriptedImap, body

TODAY = dt.date(2026, 11, 29)


class Place:
    def __init__(self, mark: FolderMark | None) -> None:
        self.mark = mark

    def get(self) -> FolderMark | None:
        return self.mark

    def put(self, validity: int, uid: int) -> None:
        self.mark = FolderMark(validity, uid, TODAY)


def reader(server: ScriptedImap, place: Place, taken: list[bytes]) -> ImapReader:
    config = ImapConfig(
        host="127.0.0.1", port=server.port, tls=False, user="a", password="b", max_message_bytes=1000, timeout_s=5
    )
    return ImapReader(config, place, taken.append)


def numbers(first: int, last: int) -> list[int]:
    return [uid for uid in (3, 5) if first <= uid <= last]


def test_new_mail_is_read() -> None:
    taken: list[bytes] = []
    with ScriptedImap(numbers, lambda uid: body(uid, b"mail %d" % uid)) as server:
        place = Place(FolderMark(1, 3, TODAY))
        assert reader(server, place, taken).read_once() == 1
    assert taken == [b"mail 5"]
    assert place.mark == FolderMark(1, 5, TODAY)


def test_a_literal_that_is_larger_than_asked_for_is_not_read() -> None:
    announced = b"* 1 FETCH (UID %d BODY[]<0> {400000000}\r\n"
    with (
        ScriptedImap(numbers, lambda uid: announced % uid) as server,
        pytest.raises(IMAPClientError, match="announced 400,000,000 bytes"),
    ):
        reader(server, Place(FolderMark(1, 3, TODAY)), []).read_once()


@pytest.mark.parametrize(
    "more",
    [b"* OK " + b"x" * 900 + b"\r\n", b"* 1 FETCH (UID 5 BODY[]<0> {900}\r\n" + b"x" * 900 + b")\r\n"],
    ids=["lines", "literals"],
)
def test_a_server_that_goes_on_and_on_is_not_listened_to(more: bytes) -> None:
    with (
        ScriptedImap(numbers, lambda uid: more * 20_000 + body(uid, b"mail")) as server,
        pytest.raises(IMAPClientError, match="bytes for one command"),
    ):
        reader(server, Place(FolderMark(1, 3, TODAY)), []).read_once()


def test_a_number_beyond_the_next_one_is_not_believed() -> None:
    taken: list[bytes] = []
    with ScriptedImap(lambda _first, _last: [5, 4_294_967_295], lambda uid: body(uid, b"mail %d" % uid)) as server:
        place = Place(FolderMark(1, 3, TODAY))
        reader(server, place, taken).read_once()
    assert taken == [b"mail 5"]
    assert place.mark == FolderMark(1, 5, TODAY)


def test_a_mark_that_cannot_be_true_ends_nothing() -> None:
    taken: list[bytes] = []
    with ScriptedImap(numbers, lambda uid: body(uid, b"mail %d" % uid)) as server:
        place = Place(FolderMark(1, 4_294_967_295, TODAY))
        reader(server, place, taken).read_once()
        assert "SINCE 27-Nov-2026" in server.searched[0]
    assert taken == [b"mail 3", b"mail 5"]
    assert place.mark == FolderMark(1, 99, TODAY)


def test_a_large_folder_is_searched_in_ranges() -> None:
    with ScriptedImap(lambda _first, _last: [], lambda _uid: b"", uidnext=140_001, exists=140_000) as server:
        reader(server, Place(FolderMark(1, 0, TODAY)), []).read_once()
    assert [line.rpartition("UID ")[2] for line in server.searched] == ["1:50000", "50001:100000", "100001:140000"]


def test_a_mail_nobody_can_read_holds_up_the_others_only_for_a_while() -> None:
    taken: list[bytes] = []

    def fetch(uid: int) -> bytes:
        return b"* 1 FETCH (UID 3 BODY[]<0> {9000000}\r\n" if uid == 3 else body(uid, b"mail 5")

    with ScriptedImap(numbers, fetch) as server:
        place = Place(FolderMark(1, 2, TODAY))
        one = reader(server, place, taken)
        for _ in range(3):
            with pytest.raises(IMAPClientError):
                one.read_once()
        one.read_once()
    assert taken == [b"mail 5"]


def test_a_disk_that_refuses_again_and_again_costs_no_mail() -> None:
    refused: list[bytes] = []

    def full(raw: bytes) -> None:
        refused.append(raw)
        raise StorageError("the disk is full")

    taken: list[bytes] = []
    with ScriptedImap(numbers, lambda uid: body(uid, b"mail %d" % uid)) as server:
        place = Place(FolderMark(1, 3, TODAY))
        one = reader(server, place, taken)
        one._take, take = full, one._take
        for _ in range(5):
            with pytest.raises(StorageError):
                one.read_once()
        one._take = take
        one.read_once()
    assert len(refused) == 5
    assert taken == [b"mail 5"]
