"""Between the first step and the session."""

from http import HTTPStatus

from postlude.services.accounts.passwords import set_password
from postlude.services.accounts.second_step import totp_code
from postlude.services.accounts.sessions import disable_user
from support.account_world import GOOD, second_step, submit, with_password
from support.web_world import CLOCK, World


def test_a_first_step_is_worthless_after_the_password_was_changed(world: World) -> None:
    bob, client = with_password(world), world.client()
    secret = second_step(world, bob)
    assert submit(client, "/sign-in", address=bob.address, password=GOOD).headers["location"] == "/sign-in/code"
    set_password(world.deps.store, CLOCK, bob, GOOD + " and another word")
    answer = submit(client, "/sign-in", "/sign-in/code", code=totp_code(secret, CLOCK.now()))
    assert answer.headers["location"] == "/sign-in"


def test_who_was_disabled_meanwhile_does_not_come_in(world: World) -> None:
    bob, client = with_password(world), world.client()
    second_step(world, bob)
    client.get(f"/sign-in/{world.token(bob)}", follow_redirects=False)
    disable_user(world.deps.store, CLOCK, bob)
    assert client.get("/sign-in/code", follow_redirects=False).headers["location"] == "/sign-in"
    assert client.get("/preferences", follow_redirects=False).status_code == HTTPStatus.SEE_OTHER


def test_another_key_of_the_app_ends_first_steps(world: World) -> None:
    bob, client = with_password(world), world.client()
    second_step(world, bob)
    client.get(f"/sign-in/{world.token(bob)}", follow_redirects=False)
    other = world.with_deps(secret=b"n" * 32, earlier_secret=world.deps.secret).client()
    other.cookies.update(client.cookies)
    assert other.get("/sign-in/code", follow_redirects=False).headers["location"] == "/sign-in"
