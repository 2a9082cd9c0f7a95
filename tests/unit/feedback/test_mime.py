"""The lenient reader: multiparts without their boundary."""

from postlude.feedback.mime import read


def test_a_multipart_without_a_boundary_line_is_its_one_text() -> None:
    mail = read(b'Content-Type: multipart/report; boundary="gone"\n\nThe mail failed.\n<bob@customer.example>: no\n')
    assert [part.text() for part in mail.walk() if part.type == "text/plain"] == [
        "The mail failed.\n<bob@customer.example>: no\n"
    ]
