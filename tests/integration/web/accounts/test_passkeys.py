"""Passkeys in Chromium, with its virtual authenticator; and what is sent without one."""

import json
import re
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Request, expect

from postlude.services.accounts.passkeys import Passkeys, challenge_in
from postlude.services.accounts.sessions import disable_user, list_sessions
from postlude.services.accounts.users import sign_in_link
from postlude.store import User
from support.account_world import GOOD, second_step, submit, with_password
from support.served_world import serving
from support.web_world import CLOCK, World


def _at(world: World, url: str) -> World:
    keys = Passkeys(world.deps.store, CLOCK, url)
    return world.with_deps(public_url=url, accounts=replace(world.deps.accounts, passkeys=keys))


class Device:
    """A browser with a virtual authenticator, and what it sent."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent: list[Request] = []
        page.on("request", lambda request: self.sent.append(request) if request.method == "POST" else None)
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self._cdp.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
        self._id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def is_held_by_another(self) -> None:
        """Finger, face and PIN are wrong from now on."""
        self._cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": False})

    def add(self, label: str = "my phone") -> None:
        """Make a passkey on the account page."""
        self.page.goto("/account")
        self.page.get_by_label("Name of the new one").fill(label)
        self.page.locator("#current-for-passkey").fill(GOOD)
        self.page.get_by_role("button", name="Add a passkey").click()
        expect(self.page.get_by_text("The passkey signs you in from now on.")).to_be_visible()

    def sign_out(self) -> None:
        """Back to the sign-in page."""
        self.page.get_by_role("button", name="Sign out").first.click()
        self.page.wait_for_url("**/sign-in")

    def sign_in(self) -> None:
        """Use the passkey."""
        self.page.goto("/sign-in")
        self.page.get_by_role("button", name="Sign in with a passkey").click()


@pytest.fixture
def local(world: World) -> Iterator[World]:
    """The world served at http://localhost, where browsers allow passkeys."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = _at(world, f"http://localhost:{listening.getsockname()[1]}")
        with serving(there, listening):
            yield there


@pytest.fixture
def bob(local: World) -> User:
    return with_password(local)


@pytest.fixture
def device(browser: Browser, local: World, bob: User) -> Iterator[Device]:
    context = browser.new_context(base_url=local.deps.public_url)
    page = context.new_page()
    page.goto(f"/sign-in/{sign_in_link(local.deps.store, CLOCK, bob)}")
    yield Device(page)
    context.close()


@pytest.mark.browser
@pytest.mark.e2e
def test_a_passkey_is_made_used_and_removed(device: Device, local: World, bob: User) -> None:
    device.add("my phone")
    device.sign_out()
    device.sign_in()
    device.page.wait_for_url(re.compile(r"/$"))
    assert [one.how for one in list_sessions(local.deps.store, CLOCK, bob)][:1] == ["passkey"]
    device.page.goto("/account")
    expect(device.page.locator("#passkeys")).to_contain_text("last used")
    device.page.get_by_role("button", name="Remove my phone").click()
    expect(device.page.locator("#passkeys")).not_to_contain_text("my phone")
    device.sign_out()
    device.sign_in()
    expect(device.page.get_by_text("This passkey does not sign in here")).to_be_visible()


@pytest.mark.browser
@pytest.mark.e2e
def test_it_is_both_steps_and_a_second_use_of_its_answer_is_refused(device: Device, local: World, bob: User) -> None:
    second_step(local, bob)
    device.add()
    device.sign_out()
    device.sign_in()
    device.page.wait_for_url(re.compile(r"/$"))
    [sent] = [one for one in device.sent if one.url.endswith("/sign-in/passkey")]
    answer = device.page.request.post(sent.url, form=dict(_fields(sent)), max_redirects=0)
    assert answer.status == HTTPStatus.FORBIDDEN


@pytest.mark.browser
@pytest.mark.e2e
def test_who_is_disabled_does_not_come_in(device: Device, local: World, bob: User) -> None:
    device.add()
    device.sign_out()
    disable_user(local.deps.store, CLOCK, bob)
    device.sign_in()
    expect(device.page.get_by_text("This passkey does not sign in here")).to_be_visible()


@pytest.mark.browser
@pytest.mark.e2e
def test_without_finger_face_or_pin_it_does_not_sign_in(device: Device) -> None:
    device.add()
    device.sign_out()
    device.is_held_by_another()
    device.sign_in()
    expect(device.page.get_by_text("The browser has given no passkey.")).to_be_visible()


def _fields(sent: Request) -> list[tuple[str, str]]:
    return parse_qsl(sent.post_data or "")


def _credential(challenge: bytes, key: str = "abc") -> str:
    data = json.dumps({"type": "webauthn.get", "challenge": _text(challenge), "origin": "https://app.example"})
    response = {"clientDataJSON": _text(data.encode()), "authenticatorData": _text(bytes(37)), "signature": "AAAA"}
    return json.dumps({"id": key, "rawId": key, "type": "public-key", "response": response})


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _offered(page: str) -> bytes:
    options = page.partition('data-options="')[2].partition('"')[0].replace("&#34;", '"')
    return urlsafe_b64decode(json.loads(options)["challenge"] + "==")


@pytest.mark.parametrize(
    "credential", ["", "{", "[]", "[" * 60_000, '{"id": "abc"}', '{"id": 1, "response": 2}', "null"]
)
def test_what_is_no_passkey_is_refused(world: World, credential: str) -> None:
    client = _at(world, "https://app.example").client()
    client.base_url = "https://app.example"
    answer = submit(client, "/sign-in", "/sign-in/passkey", credential=credential)
    assert answer.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


def test_a_challenge_of_another_browser_is_refused(world: World) -> None:
    there = _at(world, "https://app.example")
    client, other = there.client(), there.client()
    client.base_url = other.base_url = "https://app.example"
    challenge = _offered(other.get("/sign-in").text)
    answer = submit(client, "/sign-in", "/sign-in/passkey", credential=_credential(challenge))
    assert "The page was open for too long" in answer.text


def test_an_unknown_passkey_is_refused_with_our_own_challenge(world: World) -> None:
    client = _at(world, "https://app.example").client()
    client.base_url = "https://app.example"
    page = client.get("/sign-in").text
    credential = _credential(_offered(page))
    answer = submit(client, "/sign-in", "/sign-in/passkey", credential=credential)
    assert "This passkey does not sign in here" in answer.text
    again = submit(client, "/sign-in", "/sign-in/passkey", credential=credential)
    assert "The page was open for too long" in again.text, "a challenge is answered once"


def test_the_challenge_is_read_from_what_the_browser_signed() -> None:
    assert challenge_in(_credential(b"some challenge")) == b"some challenge"
    assert challenge_in("{") == b""


def test_where_browsers_make_none_the_page_says_so(world: World) -> None:
    client = world.client(world.alice)
    assert "POSTLUDE_WEB_URL" in client.get("/account").text
    assert "data-passkey" not in client.get("/sign-in").text


def test_the_passkey_of_another_user_is_not_removed(world: World) -> None:
    client = world.client(world.alice)
    assert submit(client, "/account", "/account/passkeys/abc/remove").status_code == HTTPStatus.NOT_FOUND
