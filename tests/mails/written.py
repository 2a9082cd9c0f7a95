"""Messages around a body, in every transfer encoding and line end."""

import quopri
from base64 import encodebytes

ENCODINGS = ("8bit", "base64", "quoted-printable")


def encoded(body: bytes, encoding: str, newline: bytes = b"\r\n") -> bytes:
    """The body in a transfer encoding."""
    if encoding == "base64":
        return encodebytes(body).replace(b"\n", newline)
    if encoding == "quoted-printable":
        lines = body.replace(b"\r\n", b"\n").split(b"\n")
        return newline.join(quopri.encodestring(line).replace(b"\n", newline) for line in lines)
    return body


def part(
    body: bytes, kind: str = "text/html", encoding: str = "8bit", newline: bytes = b"\r\n", **fields: str
) -> bytes:
    """One entity: header and encoded body."""
    header = [f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}"]
    header += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return b"".join(line.encode() + newline for line in header) + newline + encoded(body, encoding, newline)


def multipart(
    parts: list[bytes], kind: str = "mixed", boundary: str = "b1", newline: bytes = b"\r\n", *, closed: bool = True
) -> bytes:
    """A multipart entity, with a preamble and, where it is closed, an epilogue."""
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode() + newline * 2 + b"A preamble." + newline
    delimiter = b"--" + boundary.encode()
    inside = b"".join(delimiter + newline + each + newline for each in parts)
    return head + inside + (delimiter + b"--" + newline + b"An epilogue." + newline if closed else b"")


def mail(entity: bytes, newline: bytes = b"\r\n", **fields: str) -> bytes:
    """A message around an entity."""
    named = {"From": "Alice <alice@sender.example>", "To": "bob@example.org", "MIME_Version": "1.0", **fields}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in named.items()]
    return b"".join(line.encode() + newline for line in lines) + entity
