import pytest

from postlude.mail.header_block import HeaderBlock
from postlude.mail.purpose import purpose_of, read_purpose
from postlude.model.errors import InputError
from postlude.model.words import MessagePurpose

MAILING, PERSONAL, RECEIPT = MessagePurpose.MAILING, MessagePurpose.PERSONAL, MessagePurpose.TRANSACTIONAL


def reported(*lines: str, usual: str = "") -> MessagePurpose | None:
    raw = "\r\n".join(("From: a@example.org", *lines, "", "text")).encode()
    return purpose_of(HeaderBlock(raw), usual)


@pytest.mark.parametrize(
    "line",
    [
        "List-Unsubscribe: <https://x.example/u>",
        "list-id: News <news.example.org>",
        "Precedence: bulk",
        "Precedence:  List",
        "precedence: JUNK",
        "X-Postlude-Unsubscribe: on",
    ],
)
def test_what_mailings_carry_makes_a_mailing_unless_somebody_said_otherwise(line: str) -> None:
    assert reported(line) is MAILING
    assert reported(line, "X-Postlude-Purpose: transactional") is RECEIPT
    assert reported(line, usual="personal") is PERSONAL
    assert reported(line, "Resent-From: b@example.org") is None  # somebody passed it on


@pytest.mark.parametrize("line", ["Precedence: first-class", "X-Postlude-Unsubscribe: off", "Subject: List-Id: x"])
def test_other_mail_says_nothing(line: str) -> None:
    assert reported(line) is None
    assert reported(line, usual="transactional") is RECEIPT


def test_the_message_has_the_last_word() -> None:
    assert reported("X-Postlude-Purpose:  Mailing ", usual="transactional") is MAILING


@pytest.mark.parametrize("word", ["newsletter", "", "mailing, personal", "é"])
def test_another_word_is_refused_with_the_three(word: str) -> None:
    with pytest.raises(InputError, match="personal, transactional, mailing"):
        reported(f"X-Postlude-Purpose: {word}")
    with pytest.raises(InputError):
        read_purpose(word)
