import pytest

from postlude.mail.content_type import read_content
from postlude.mail.limits import PARAMETERS


@pytest.mark.parametrize(
    ("value", "kind", "parameters"),
    [
        ("text/html", "text/html", {}),
        (" Text/HTML ; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ("text/html charset=utf-8", "text/html", {}),
        ("attachment; filename=a.txt", "attachment", {"filename": "a.txt"}),
        ("text", "text", {}),
        ("", "", {}),
        (r'multipart/mixed; boundary="a\"b;c"', "multipart/mixed", {"boundary": 'a"b;c'}),
        ('multipart/mixed; boundary="abc', "multipart/mixed", {"boundary": "abc"}),
        ("text/plain; charset=one; charset=two", "text/plain", {"charset": "one"}),
        ("a/b; name*0=one; name*1=two", "a/b", {"name": "onetwo"}),
        ("a/b; name*1=two; name*0*=utf-8'de'%C3%A9", "a/b", {"name": "étwo"}),
    ],
)
def test_a_value_is_taken_apart(value: str, kind: str, parameters: dict[str, str]) -> None:
    read = read_content(value)
    assert read.kind == kind
    assert read.parameters == parameters


def test_only_so_many_parameters_are_seen() -> None:
    read = read_content("a/b" + "".join(f"; n{number}=x" for number in range(PARAMETERS + 5)))
    assert len(read.parameters) == PARAMETERS
