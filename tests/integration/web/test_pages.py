import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest

from postlude.kit.ids import id_text
from postlude.model.errors import StorageError
from postlude.services.accounts.preferences import UserPreferences
from support.present import present

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from support.web_world import World

PATHS = ["/", "/compose", "/campaigns", "/preferences", "/mailbox", "/domains", "/domains/example.org"]


@pytest.mark.parametrize("path", [*PATHS, "/messages/" + "1" * 16, "/mailbox/" + "0" * 32 + "/body"])
def test_nothing_is_shown_to_who_is_not_signed_in(world: "World", path: str) -> None:
    answer = world.client().get(path, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in"
    assert world.client().get("/events").status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_pages_keep_to_the_policy(world: "World", path: str) -> None:
    answer = world.client(world.alice).get(path)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", answer.text)
    # Links to the tracking server's page for one's own browser are followed by hand; nothing is loaded from elsewhere.
    page = answer.text.replace(f'href="{world.deps.edge_url}/own-browser/', "")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_a_prefetch_does_not_use_up_a_sign_in_link(world: "World") -> None:
    token = world.token(world.alice)
    ahead = world.client().get(f"/sign-in/{token}", headers={"Sec-Purpose": "prefetch"})
    assert ahead.status_code == 503
    assert world.client().get(f"/sign-in/{token}", follow_redirects=False).headers["location"] == "/"


def test_a_sign_in_link_signs_in(world: "World") -> None:
    client = world.client()
    first = client.get(f"/sign-in/{world.token(world.alice)}", follow_redirects=False)
    assert first.headers["location"] == "/"
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").status_code == 200


def test_a_sign_in_link_works_once(world: "World") -> None:
    token = world.token(world.alice)
    world.client().get(f"/sign-in/{token}")
    second = world.client().get(f"/sign-in/{token}")
    assert second.status_code == 403
    assert "postlude sign-in" in second.text


def test_over_https_the_cookie_is_bound_to_the_host(world: "World") -> None:
    secured = world.with_deps(public_url="https://mail.example.org")
    answer = secured.client().get(f"/sign-in/{secured.token(secured.alice)}", follow_redirects=False)
    assert answer.headers["set-cookie"].startswith("__Host-postlude=")
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_forged_session_is_none(world: "World") -> None:
    client = world.client()
    client.cookies.set("postlude", "WzEsICJ4Il0.aaaa.bbbb")
    assert client.get("/", follow_redirects=False).status_code == 303


def test_a_session_of_another_instance_is_none(world: "World") -> None:
    client = world.client()
    other = world.with_deps(secret=b"t" * 32).client(world.alice)
    client.cookies.set("postlude", other.cookies["postlude"])
    assert client.get("/", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("path", ["/sign-out", "/preferences", "/preferences/passwords", "/compose", "/compose/links"])
def test_a_form_without_its_token_is_refused(world: "World", path: str, csrf: Any) -> None:
    client = world.client(world.alice)
    assert client.post(path, data={"label": "x"}).status_code == 403
    foreign = csrf(world.client(world.charlie), "/preferences")
    assert client.post(path, data={"csrf": foreign, "label": "x"}).status_code == 403
    assert world.deps.store.accounts.list_app_passwords(world.alice.id) == []


def test_signing_out(world: "World", csrf: Any) -> None:
    client = world.client(world.alice)
    client.post("/sign-out", data={"csrf": csrf(client, "/")})
    assert client.get("/", follow_redirects=False).status_code == 303


def test_the_empty_list_says_what_to_do(world: "World") -> None:
    page = world.client(world.alice).get("/").text
    for needed in ("8702", "alice@example.org", "postlude send", 'href="/compose"', 'href="/preferences#passwords"'):
        assert needed in page


def test_errors_are_pages(world: "World") -> None:
    client = world.client(world.alice)
    for path in ("/nowhere", "/messages/1", "/messages/" + "1" * 16, "/mailbox/../x", "/?before=zz"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text


def test_a_database_that_is_away_is_a_page(world: "World") -> None:
    class Away:
        def messages(self, **_: object) -> list[object]:
            raise StorageError("no connection")

    answer = world.with_deps(reports=Away()).client(world.alice).get("/")
    assert answer.status_code == 503
    assert "The database cannot be reached" in answer.text


def test_a_bug_is_a_page_without_details(world: "World") -> None:
    class Broken:
        def messages(self, **_: object) -> list[object]:
            raise RuntimeError("secret detail")

    answer = world.with_deps(reports=Broken()).client(world.alice).get("/")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "content-security-policy" in answer.headers


def test_a_domain_shows_what_is_missing_and_what_to_do(world: "World") -> None:
    client = world.client(world.alice)
    assert 'hx-get="/domains/example.org"' in client.get("/domains").text
    page = client.get("/domains/example.org").text
    assert page.count("in place") == 2
    assert page.count(">missing<") == 3
    assert "The key is revoked" in page
    part = client.get("/domains/example.org", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert part.strip() in page
    assert client.get("/domains/example.net").status_code == 404


def test_preferences_are_kept(world: "World", csrf: Any) -> None:
    client = world.client(world.alice)
    form = {
        "csrf": csrf(client, "/preferences"),
        "clicks": "1",
        "exclude": "a.example\r\n\r\n https://b.example/x \r\n",
    }
    page = client.post("/preferences", data=form).text
    assert "Saved" in page
    kept = world.deps.get_preferences(world.alice.id)
    assert kept == UserPreferences(opens=False, clicks=True, text=False, exclude=("a.example", "https://b.example/x"))
    assert world.deps.get_preferences(world.charlie.id) == UserPreferences()


def _with_password(world: "World", csrf: Any) -> tuple["TestClient", str]:
    """Alice's browser, and the page after she asked for a password."""
    client = world.client(world.alice)
    form = {"csrf": csrf(client, "/preferences"), "label": "Phone <1>"}
    return client, client.post("/preferences/passwords", data=form).text


def test_an_app_password_is_shown_once(world: "World", csrf: Any) -> None:
    client, page = _with_password(world, csrf)
    found = re.search(r'id="new-password">([a-z2-7-]+)<', page)
    assert found
    assert "Phone &lt;1&gt;" in page
    assert found[1] not in client.get("/preferences").text


def _revoked_by(client: "TestClient", world: "World", csrf: Any) -> int:
    (password,) = world.deps.store.accounts.list_app_passwords(world.alice.id)
    path = f"/preferences/passwords/{id_text(password.id)}/revoke"
    return client.post(path, data={"csrf": csrf(client, "/preferences")}).status_code


def test_an_app_password_is_revoked_by_its_owner(world: "World", csrf: Any) -> None:
    client, _ = _with_password(world, csrf)
    assert _revoked_by(client, world, csrf) == 200
    assert not world.deps.store.accounts.list_app_passwords(world.alice.id)


def test_an_app_password_is_not_revoked_by_another_user(world: "World", csrf: Any) -> None:
    _with_password(world, csrf)
    assert _revoked_by(world.client(world.charlie), world, csrf) == 404
    assert world.deps.store.accounts.list_app_passwords(world.alice.id)


def composed(world: "World", csrf: Any, **fields: Any) -> Any:
    client = world.client(world.alice)
    form = {
        "csrf": csrf(client, "/compose"),
        "sender": "alice@example.org",
        "to": "bob@example.net",
        "body": "Hi",
        **fields,
    }
    return client.post("/compose", data=form, follow_redirects=False)


def test_composing_submits_a_mail_with_hidden_bcc(world: "World", csrf: Any) -> None:
    answer = composed(
        world,
        csrf,
        to="Bob Bär <bob@example.net>, dora@example.net",
        cc="emil@example.net",
        bcc="fritz@example.net",
        subject="Grüße",
        body="Look:\n\n[the plan](https://example.com/plan?a=1&b=2) & https://example.com/x.\n",
        opens="1",
        clicks="1",
    )
    assert answer.status_code == 303
    assert re.fullmatch(r"/messages/[0-9a-f]{16}\?new=1", answer.headers["location"])
    (one,) = world.submitted
    assert one["recipients"] == ["bob@example.net", "dora@example.net", "emil@example.net", "fritz@example.net"]
    mail = message_from_bytes(one["raw"], policy=policy.default)
    assert mail["To"] == "Bob Bär <bob@example.net>, dora@example.net"
    assert mail["Cc"] == "emil@example.net"
    assert mail["Bcc"] is None
    assert b"fritz" not in one["raw"]
    assert mail["Subject"] == "Grüße"
    rich = present(mail.get_body(("html",))).get_content()
    assert '<a href="https://example.com/plan?a=1&amp;b=2">the plan</a> &amp; ' in rich
    assert '<a href="https://example.com/x">https://example.com/x</a>.' in rich
    assert "the plan <https://example.com/plan?a=1&b=2>" in present(mail.get_body(("plain",))).get_content()


THREE_LINKS = "[a](https://example.com/1) [b](https://example.com/2) [c](https://example.com/1)"
KEYS = ["1:https://example.com/1", "1:https://example.com/2", "2:https://example.com/1"]


def test_the_links_of_a_mail_are_listed(world: "World", csrf: Any) -> None:
    client = world.client(world.alice)
    form = {"csrf": csrf(client, "/compose"), "body": THREE_LINKS, "clicks": "1"}
    listed = client.post("/compose/links", data=form).text
    assert re.findall(r'name="seen" value="([^"]+)"', listed) == KEYS


def test_one_link_can_be_switched_off(world: "World", csrf: Any) -> None:
    answer = composed(world, csrf, body=THREE_LINKS, clicks="1", seen=KEYS, track=[KEYS[0], KEYS[2]])
    from postlude.instrument import Policy, find_links, read_switches  # noqa: PLC0415 - only this test looks inside

    raw = world.submitted[0]["raw"]
    switches = read_switches(raw)
    links = [link for link in find_links(raw, Policy()) if link.where == "html"]
    assert answer.status_code == 303
    assert switches.opens is False
    assert switches.clicks is True
    assert [(link.url[-1], link.tracked) for link in links] == [("1", True), ("2", False), ("1", True)]


@pytest.mark.parametrize(
    ("fields", "reported"),
    [
        ({"to": ""}, "To"),
        ({"to": "bob"}, "bob&#39; is not an address"),
        ({"to": "bob@example.net\r\nBcc: eve@example.net"}, "is not an address"),
        ({"sender": "eve@example.net"}, "is not an address of yours"),
        ({"body": " "}, "empty"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    world: "World",
    csrf: Any,
    fields: dict[str, str],
    reported: str,
) -> None:
    answer = composed(world, csrf, subject="Kept <this>", **fields)
    assert answer.status_code == 400
    assert reported in answer.text
    assert 'value="Kept &lt;this&gt;"' in answer.text
    assert world.submitted == []


def test_a_line_end_in_the_subject_adds_no_header(world: "World", csrf: Any) -> None:
    composed(world, csrf, subject="One\r\nX-Evil: 1")
    mail = message_from_bytes(world.submitted[0]["raw"], policy=policy.default)
    assert mail["X-Evil"] is None
    assert mail["Subject"] == "One X-Evil: 1"
