"""The closed list of errors."""

import json
from http import HTTPStatus

from postlude.api.problems import KINDS, ApiProblemError, ProblemCode, problem_response


def test_every_code_has_its_kind() -> None:
    assert set(KINDS) == set(ProblemCode)


def test_every_kind_says_what_to_do() -> None:
    for kind in KINDS.values():
        assert kind.status >= HTTPStatus.BAD_REQUEST
        assert kind.hint.endswith(".")
        assert not kind.title.endswith(".")


def test_what_is_no_text_is_told_all_the_same() -> None:
    told = problem_response(ApiProblemError(ProblemCode.NOT_FOUND, "\udcff"), "https://mail.example.org", "1")
    assert json.loads(bytes(told.body))["detail"] == "?"
