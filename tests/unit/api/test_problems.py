"""The closed list of errors."""

from http import HTTPStatus

from postlude.api.problems import KINDS, ProblemCode


def test_every_code_has_its_kind() -> None:
    assert set(KINDS) == set(ProblemCode)


def test_every_kind_says_what_to_do() -> None:
    for kind in KINDS.values():
        assert kind.status >= HTTPStatus.BAD_REQUEST
        assert kind.hint.endswith(".")
        assert not kind.title.endswith(".")
