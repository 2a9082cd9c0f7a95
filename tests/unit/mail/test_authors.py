"""Who a mail says it is from."""

import pytest

from postlude.mail.authors import author_fault
from postlude.mail.header_block import HeaderBlock


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"Subject: x\r\n\r\n", "554 5.6.0"),
        (b"From: a@example.org\r\nFrom: a@example.org\r\n\r\n", "554 5.6.0"),
        (b"From: :\r\n\r\n", "554 5.6.0"),
        (b"From: a@example.org\r\nSender: ()\r\n\r\n", "554 5.6.0"),
        (b"From: " + b"a@b.c," * 1001 + b"\r\n\r\n", "552 5.3.4"),
    ],
)
def test_it_is_refused(raw: bytes, status: str) -> None:
    fault = author_fault(HeaderBlock(raw))
    assert fault is not None
    assert fault.status == status


def test_one_author_is_enough() -> None:
    assert author_fault(HeaderBlock(b"From: a@example.org\r\n\r\n")) is None
