"""What tests of accounts share: a good password, a second step, forms sent as a browser sends them."""

from base64 import b32decode

from httpx2 import Response
from starlette.testclient import TestClient

from postlude.services.accounts.passwords import set_password
from postlude.services.accounts.second_step import begin_second_step, offer_second_step, totp_code
from postlude.store import User
from support.web_world import CLOCK, World, csrf_of

GOOD, BAD = "a horse, a battery", "another one altogether"


def with_password(world: World, address: str = "bob@example.org") -> User:
    """A new user with the password GOOD."""
    store = world.deps.store
    user = store.accounts.create_user(address, "Bob")
    set_password(store, CLOCK, user, GOOD)
    return store.accounts.user(user.id)


def second_step(world: World, user: User) -> bytes:
    """The secret of a second step that is on; the code of now was not used yet."""
    secret = b32decode(offer_second_step(world.deps.store, user))
    begin_second_step(world.deps.store, CLOCK, user, totp_code(secret, CLOCK.now() - 30_000_000))
    return secret


def submit(client: TestClient, page: str, path: str = "", **fields: str) -> Response:
    """Post a form of `page`, to `path` when that is another."""
    csrf = csrf_of(client.get(page).text)
    return client.post(path or page, data={"csrf": csrf, **fields}, follow_redirects=False)
