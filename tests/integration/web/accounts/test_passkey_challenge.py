"""A challenge is of one form, and is answered once."""

import json
from base64 import urlsafe_b64encode

import pytest

from postlude.model.errors import NotPermittedError
from postlude.web.accounts.passkey_challenge import answered_challenge, new_challenge
from support.web_world import World


def _credential(challenge: bytes) -> str:
    data = json.dumps({"challenge": _text(challenge)}).encode()
    return json.dumps({"response": {"clientDataJSON": _text(data)}})


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_it_is_answered_once(world: World) -> None:
    challenge = new_challenge(world.deps, "form")
    assert answered_challenge(world.deps, _credential(challenge), "form") == challenge
    with pytest.raises(NotPermittedError):
        answered_challenge(world.deps, _credential(challenge), "form")


@pytest.mark.parametrize("form", ["", "another"])
def test_it_is_of_one_form(world: World, form: str) -> None:
    with pytest.raises(NotPermittedError):
        answered_challenge(world.deps, _credential(new_challenge(world.deps, "form")), form)


def test_one_of_another_installation_is_worth_nothing(world: World) -> None:
    foreign = new_challenge(world.with_deps(secret=b"n" * 32).deps, "form")
    with pytest.raises(NotPermittedError):
        answered_challenge(world.deps, _credential(foreign), "form")
