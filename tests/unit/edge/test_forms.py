"""Posted forms."""

from postlude.edge.forms import fields


def test_forms() -> None:
    assert fields("", b"a=1&b=%C3%A9&a=2") == {"a": "2", "b": "é"}
    assert fields("", b"&".join([b"a=1"] * 250)) == {}
    assert fields("multipart/form-data; boundary=q", b"no parts") == {}
