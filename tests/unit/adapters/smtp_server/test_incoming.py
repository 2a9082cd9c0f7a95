"""What comes in by pieces is what would have come in whole."""

import random

import pytest

from postlude.adapters.smtp_client.transaction import stuffed, stuffed_slices
from postlude.adapters.smtp_server.incoming import IncomingMail
from postlude.mail.limits import HEAD_BYTES, head_refusal

MAIL = b"Subject: dots\r\n\r\n.one\r\n..two\r\n\r\n.\r\n...\r\nlast\r\n"


def taken(data: bytes, cuts: list[int], *, by_data: bool) -> bytes | None:
    incoming = IncomingMail(stuffed=by_data)
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        incoming.add(data[start:end])
    assert incoming.size == len(data)
    found = incoming.ended()
    return None if found is None else b"".join([found.beginning, *found.rest])


@pytest.mark.parametrize("mail", [MAIL, b"", b".\r\n", b"..\r\n.", b"\r\n\r\n", b"x\r\n" * 50])
def test_wherever_it_is_cut_it_is_the_same_mail(mail: bytes) -> None:
    sent = b"\r\n" + stuffed(mail)[: -len(b".\r\n")]
    whole = mail if mail.endswith(b"\r\n") else mail + b"\r\n"
    for cut in range(len(sent) + 1):
        assert taken(sent, [cut], by_data=True) == whole
    chance = random.Random(1)
    for _ in range(200):
        cuts = sorted(chance.choices(range(len(sent) + 1), k=6))
        assert taken(sent, cuts, by_data=True) == whole
        assert taken(whole, [min(cut, len(whole)) for cut in cuts], by_data=False) == whole


@pytest.mark.parametrize("bare", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\n", b"a\n\r\n", b"\n", b"a\r", b"\n\n", b"a\n\rb"])
def test_a_bare_line_end_is_found_wherever_it_is_cut(bare: bytes) -> None:
    for cut in range(len(bare) + 1):
        assert taken(bare, [cut], by_data=False) is None
        assert taken(b"\r\n" + bare, [cut + 2], by_data=True) is None


def test_the_beginning_of_a_large_one_has_its_whole_header() -> None:
    incoming = IncomingMail(stuffed=False)
    head = b"X: " + b"x" * (HEAD_BYTES + 100) + b"\r\n\r\n"
    body = b"line\r\n" * 200_000
    for at in range(0, len(head + body), 1000):
        incoming.add((head + body)[at : at + 1000])
    found = incoming.ended()
    assert found is not None
    assert head_refusal(found.beginning) == head_refusal(head + body)
    assert found.size == len(head + body)
    assert max(map(len, found.rest)) < 2000


def test_what_is_dropped_is_not_kept() -> None:
    incoming = IncomingMail(stuffed=False)
    incoming.add(MAIL)
    incoming.drop()
    found = incoming.ended()
    assert found is not None
    assert len(found.beginning) <= 2


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1 << 18])
def test_slices_of_a_mail_to_be_sent_are_the_stuffed_mail(size: int) -> None:
    for mail in (MAIL, MAIL + b".", b".", b"", b"\r", b"\r\n.\r\r\n..", b"\r\n.\r\n.\r\n", b"ends without"):
        assert b"".join(stuffed_slices(mail, size)) == stuffed(mail)
