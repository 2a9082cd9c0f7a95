"""What is found by looking at a message."""

import pytest

from postlude.mail.content_look import ContentLook, attachment_family, look_at_mail, look_at_parts, seen_text
from postlude.mail.header_block import HeaderBlock

PLAIN_MAIL = (
    b"From: Alice <alice@example.org>\r\nTo: Robert Miller <bob@example.net>\r\nSubject: Lunch on Friday?\r\n\r\n"
    b"Dear Robert,\r\nhow about https://example.org/menu and https://example.org/map ?\r\n"
)
NEWS_MAIL = (
    b"From: shop@example.org\r\nTo: bob@example.net\r\nSubject: =?utf-8?q?=F0=9F=8E=89_Sale?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    b"<html><head><title>Not shown</title><style>p { color: red }</style></head><body><table><tr><td>Two words"
    b"<img src=x><a class=y href=https://example.org>here</a></table>\r\n"
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\nx\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n"
)


def test_a_letter() -> None:
    assert look_at_mail(PLAIN_MAIL, HeaderBlock(PLAIN_MAIL)) == ContentLook(
        words=13, links=2, images=0, designed=False, question=True, emoji=False, personalised=True, attachments=()
    )


def test_a_newsletter() -> None:
    assert look_at_mail(NEWS_MAIL, HeaderBlock(NEWS_MAIL)) == ContentLook(
        words=3, links=1, images=1, designed=True, question=False, emoji=True, personalised=False,
        attachments=("PDF", "picture"),
    )  # fmt: skip


def test_a_plain_page_is_a_letter_too() -> None:
    look = look_at_parts("News", "<p>Hello <b>you</b>", "", [], personalised=False)
    assert not look.designed
    assert look.words == 2


@pytest.mark.parametrize(
    ("kind", "family"),
    [
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "spreadsheet"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "slides"),
        ("application/octet-stream", "file"),
        ("video/mp4", "film"),
    ],
)
def test_files_have_the_names_that_people_use(kind: str, family: str) -> None:
    assert attachment_family(kind) == family


def test_letters_that_grow_in_lower_case_move_nothing() -> None:
    assert seen_text("\u0130" * 50 + "<style>hidden</style>seen").split()[-1] == "seen"


def test_a_header_is_no_head() -> None:
    assert "seen" in seen_text("<header>seen</header>")


@pytest.mark.parametrize("piece", ["<style>", "<", "<a ", "<head></hea", "<img", "&#"])
def test_broken_markup_of_any_size_is_looked_at(piece: str) -> None:
    assert look_at_parts("", piece * 100_000, "", [], personalised=False).attachments == ()
