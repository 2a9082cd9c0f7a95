"""Base64 as mail has it."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.mail.transfer_encoding import decode_base64, decode_body


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"SGVsbG8=", b"Hello"),
        (b"SGVs\r\nbG8", b"Hello"),
        (b"SGVsbG8=\n-- \n", b"Hello"),
        (b"SGVsbG8hX", b"Hello!"),
        (b"", b""),
        (b"!!!", b""),
    ],
)
def test_what_is_there_is_read(data: bytes, text: bytes) -> None:
    assert decode_base64(data) == text


@given(st.binary(max_size=60), st.integers(1, 20))
def test_what_was_encoded_is_read_however_its_lines_are_cut(data: bytes, width: int) -> None:
    whole = b64encode(data)
    lines = b"\r\n".join(whole[at : at + width] for at in range(0, len(whole), width))
    assert decode_base64(lines) == data


@given(st.binary(max_size=60))
def test_every_byte_string_is_read(data: bytes) -> None:
    assert len(decode_base64(data)) <= len(data)


@pytest.mark.parametrize(
    ("encoding", "body", "decoded"),
    [
        ("quoted-printable", b"caf=C3=A9=\n!", "café!".encode()),
        ("base64", b"Y2Fm\nw6k=", "café".encode()),
        ("8bit", b"as=20it is", b"as=20it is"),
        ("", b"Y2Fm", b"Y2Fm"),
    ],
)
def test_a_body_is_decoded_by_its_name(encoding: str, body: bytes, decoded: bytes) -> None:
    assert decode_body(encoding, body) == decoded
