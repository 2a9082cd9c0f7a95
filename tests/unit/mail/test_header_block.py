from postlude.mail.header_block import HeaderBlock, decoded, without_fields
from postlude.services.messages.accept import completed, with_crlf

RAW = (
    b"From: a@example.org\r\nSubject: one\r\n two\r\nBcc: x@example.org,\r\n\ty@example.org\r\n"
    b"To: b@example.org\r\n\r\nBcc: body\r\n"
)


def test_fields_are_read_unfolded() -> None:
    head = HeaderBlock(RAW)
    assert head.complete
    assert head.first("subject") == "one two"
    assert head.addresses("bcc") == ["x@example.org", "y@example.org"]
    assert RAW[head.end :] == b"\r\nBcc: body\r\n"


def test_removed_fields_take_nothing_else_with_them() -> None:
    left = without_fields(RAW, HeaderBlock(RAW), frozenset({"bcc"}))
    assert left == RAW.replace(b"Bcc: x@example.org,\r\n\ty@example.org\r\n", b"")
    assert without_fields(RAW, HeaderBlock(RAW), frozenset({"x-none"})) is RAW


def test_the_first_field_can_go_too() -> None:
    assert (
        without_fields(b"Bcc: x\r\nTo: y\r\n\r\n", HeaderBlock(b"Bcc: x\r\nTo: y\r\n\r\n"), frozenset({"bcc"}))
        == b"To: y\r\n\r\n"
    )


def test_a_mail_without_body_or_without_head() -> None:
    assert not HeaderBlock(b"Subject: x\r\n").complete
    assert HeaderBlock(b"\r\nbody").fields == ()


def test_line_ends_become_crlf_and_stay_when_they_are() -> None:
    assert with_crlf(b"a\nb\rc\r\nd") == b"a\r\nb\r\nc\r\nd"
    assert with_crlf(b"a\r\n") == b"a\r\n"


def test_missing_date_and_message_id_are_added_behind_the_others() -> None:
    done = HeaderBlock(completed(b"From: a@example.org\n\nbody", 255, 0))
    assert done.first("message-id") == "<00000000000000ff@example.org>"
    assert done.first("date") == "Thu, 01 Jan 1970 00:00:00 +0000"
    assert [field.name for field in done.fields] == ["from", "message-id", "date"]


def test_encoded_words_never_fail() -> None:
    assert decoded("=?utf-8?q?Gr=C3=BC=C3=9Fe?= x") == "Grüße x"
    assert decoded("=?nonsense?q?x?=")
