import pytest

from postlude.model.errors import InputError
from postlude.services.accounts.sender_rights import permitted_sender


def test_a_login_writes_as_itself_with_any_name() -> None:
    assert permitted_sender("bert@b.example", (), "Bert <Bert@B.example>").name == "Bert"


def test_a_pattern_allows_further_addresses() -> None:
    assert permitted_sender("bert@b.example", ("*@club.example",), "news@club.example").spelled == "news@club.example"


@pytest.mark.parametrize(
    "typed",
    [
        "boss@a.example",
        "Bert <boss@a.example>",
        "bert@b.example, boss@a.example",
        "<bert@b.example> <boss@a.example>",
        "bert@b.example; boss@a.example",
        "bert@b.example\r\nBcc: boss@a.example",
        "",
    ],
)
def test_nobody_writes_as_somebody_else_beside_himself(typed: str) -> None:
    with pytest.raises(InputError):
        permitted_sender("bert@b.example", (), typed)


def test_the_refusal_names_the_remedy() -> None:
    with pytest.raises(InputError, match=r"postlude user send-as bert@b\.example boss@a\.example"):
        permitted_sender("bert@b.example", (), "boss@a.example")
