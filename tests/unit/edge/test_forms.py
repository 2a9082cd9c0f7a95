"""Posted forms."""

from postlude.edge.forms import form_fields


def test_forms() -> None:
    assert form_fields("", b"a=1&b=%C3%A9&a=2") == {"a": "2", "b": "é"}
    assert form_fields("", b"&".join([b"a=1"] * 250)) == {}
    assert form_fields("multipart/form-data; boundary=q", b"no parts") == {}
