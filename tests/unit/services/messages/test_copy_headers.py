import pytest

from postlude.mail.header_block import HeaderBlock
from postlude.mail.limits import REFERENCES_CHARACTERS
from postlude.services.messages.copy_headers import Marked, with_copy_headers
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls
from support.processor import bounded_processor_time

CODEC = TokenCodec(KeyRing({1: bytes(32)}, 1))


def references(*ids: str, reply_to: str = "") -> list[str]:
    field = f"References: {' '.join(ids)}\r\n" if ids else ""
    parent = f"In-Reply-To: {reply_to}\r\n" if reply_to else ""
    mail = f"From: a@example.org\r\n{field}{parent}\r\nx".encode()
    urls = Urls(CODEC, "https://t.example.org", Kind.MESSAGE, 1)
    made = with_copy_headers(mail, Marked(7, "t", "r.example.org"), CODEC, urls, unsubscribe=False, signed_for="")
    return HeaderBlock(made).first("references").split()


def test_the_copy_stands_before_the_parent() -> None:
    made = references("<1@x>", "<2@x>")
    assert made[0] == "<1@x>"
    assert made[1].endswith("@r.example.org>")
    assert made[2] == "<2@x>"


def test_a_reply_without_references_names_its_parent() -> None:
    assert references(reply_to="<1@x>")[1] == "<1@x>"


def test_a_first_mail_names_only_the_copy() -> None:
    assert len(references()) == 1


def test_of_a_long_thread_the_first_and_the_newest_stay() -> None:
    ids = [f"<{number:040d}@x>" for number in range(500)]
    made = references(*ids)
    assert made[0] == ids[0]
    assert made[-1] == ids[-1]
    assert made[1:-2] == ids[-len(made) + 2 : -1]
    assert REFERENCES_CHARACTERS - 50 < sum(map(len, made)) <= REFERENCES_CHARACTERS


@pytest.mark.parametrize("one", ["<a@b>", "<" + "a" * 2_000 + "@b>"])
def test_references_of_any_length_take_no_time(one: str) -> None:
    with bounded_processor_time():
        references(*[one] * (4_000_000 // len(one)))
