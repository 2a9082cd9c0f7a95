"""Bodies read, and the first wrong field named."""

import pytest

from postlude.api.bodies import read_message_body
from postlude.api.problems import ApiProblemError, ProblemCode


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b'{"from": "a@example.org", "~x/y": 1}', ProblemCode.FIELD_UNKNOWN, "/~0x~1y"),
        (b"[]", ProblemCode.FIELD_INVALID, ""),
        (b"{}", ProblemCode.FIELD_MISSING, "/from"),
        (b'{"from": "a@example.org", "subject": null}', ProblemCode.FIELD_INVALID, "/subject"),
        (b'{"from": "a@example.org", "to": ["x", 1]}', ProblemCode.FIELD_INVALID, "/to/1"),
        (b"\xff", ProblemCode.BODY_INVALID, ""),
        (b'{"from": "a@example.org", "to": "b@example.net", "to": "c@example.net"}', ProblemCode.BODY_INVALID, ""),
        (b'{"from": "a@example.org", "headers": {"X-A": "1", "X-A": "2"}}', ProblemCode.BODY_INVALID, ""),
    ],
)
def test_the_first_wrong_field_is_a_pointer(body: bytes, code: ProblemCode, field: str) -> None:
    with pytest.raises(ApiProblemError) as refused:
        read_message_body(body)
    assert refused.value.code == code
    assert refused.value.field == field


def test_one_address_is_a_list_of_one() -> None:
    assert read_message_body(b'{"from": "a@example.org", "to": "b@example.net"}').to == ["b@example.net"]
