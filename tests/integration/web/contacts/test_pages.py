"""Contacts, lists, imports and suppressions in the browser."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from postlude.model.words import MemberStatus, Via
from postlude.services.contacts.import_job import claim_import, run_import
from postlude.store import Batch, Copy, Message, Submission
from support.web_world import Csrf

World = Any  # conftest.World: tests are found by path and cannot import one another

Post = Callable[..., Response]


@pytest.fixture
def client(world: World) -> TestClient:
    return world.client(world.alice)


@pytest.fixture
def post(client: TestClient, csrf: Csrf) -> Post:
    """Post a form as the page `of` would."""

    def send(path: str, of: str = "/contacts", **fields: object) -> Response:
        return client.post(path, data={"csrf": csrf(client, of), **fields}, follow_redirects=False)

    return send


def test_pages_need_a_session_and_forms_their_token(world: World, client: TestClient) -> None:
    stranger = world.client()
    for path in ("/contacts", "/contacts/import", "/contacts/export.csv", "/lists", "/suppressions"):
        assert stranger.get(path, follow_redirects=False).headers["location"] == "/sign-in"
        assert client.get(path).status_code == 200
    for path in ("/contacts", "/lists", "/suppressions", "/suppressions/remove"):
        assert client.post(path, data={"address": "a@example.org", "name": "x"}).status_code == 403
    assert world.deps.store.contacts.count() == 0


def test_a_contact_is_added_found_changed_and_forgotten(world: World, client: TestClient, post: Post) -> None:
    store = world.deps.store
    where = post("/contacts", address="Dora <Dora@müller.example>").headers["location"]
    assert "Dora@müller.example" in client.get(where).text
    assert post("/contacts", address="nobody").status_code == 400
    assert "1 person" in client.get("/contacts").text
    assert "No contact matches" in client.get("/contacts?q=xyz%25").text
    assert "Dora@müller.example" in client.get("/contacts?q=dora").text
    form = {"address": "dora@example.org", "name": "Dora", "tags": "vip, press", "field": ["city", ""], "value": "Ulm"}
    assert post(where, where, **form).headers["location"].endswith("?notice=saved")
    dora = store.contacts.by_address("dora@example.org")
    assert dora.name == "Dora"
    assert dora.fields == {"city": "Ulm"}
    assert store.contacts.tags_of([dora.id])[dora.id] == ["press", "vip"]
    wrong = post(where, where, address="dora@example.org", time_zone="Mars")
    assert wrong.status_code == 400
    assert "is not a time zone" in wrong.text
    post(where, where, address="dora@example.org", name="Dora", tags="vip", field="city", value="")
    assert store.contacts.get(dora.id).fields == {}
    assert store.contacts.tags_of([dora.id])[dora.id] == ["vip"]
    assert post(f"{where}/erase", where).status_code == 400
    assert post(f"{where}/erase", where, sure="1").headers["location"] == "/contacts"
    assert client.get(where).status_code == 404


def test_names_from_files_are_text_on_the_page(world: World, client: TestClient) -> None:
    store = world.deps.store
    evil = "<script>alert(1)</script>"
    contact = store.contacts.add("x@example.org", 1, name=evil, fields={evil: evil}, source=evil)
    store.contacts.tag_contact(store.contacts.tag(evil), contact.id)
    store.lists.add(evil, 1)
    for path in ("/contacts", f"/contacts/{contact.id:016x}", "/lists"):
        assert evil not in client.get(path).text


def test_subscribing_sends_the_mail_where_the_list_wants_it(world: World, client: TestClient, post: Post) -> None:
    store = world.deps.store
    post("/lists", "/lists", name="News", double_optin="1", consent_text="Monthly")
    post("/lists", "/lists", name="Plain")
    news, plain = store.lists.every()
    dora = store.contacts.add("dora@example.org", 1)
    where = f"/contacts/{dora.id:016x}"
    assert (
        post(f"{where}/lists", where, list=f"{news.id:016x}", do="join").headers["location"].endswith("?notice=asked")
    )
    [mail] = world.submitted
    assert mail["recipients"] == ["dora@example.org"]
    assert b"https://t.test/c/" in mail["raw"]
    post(f"{where}/lists", where, list=f"{plain.id:016x}", do="join")
    assert {one.list: one.status for one in store.lists.memberships(dora.id)} == {
        news.id: MemberStatus.PENDING,
        plain.id: MemberStatus.SUBSCRIBED,
    }
    post(f"{where}/lists", where, list=f"{plain.id:016x}", do="leave")
    assert store.lists.totals()[plain.id].unsubscribed == 1
    assert post(f"{where}/consent", where, purpose="mail", state="given").status_code == 400
    post(f"{where}/consent", where, purpose="mail", state="given", source="phone")
    assert store.contacts.consent_log(dora.id)[0].proof.by == world.alice.address
    assert "phone" in client.get(where).text
    assert post(f"/lists/{plain.id:016x}/delete", "/lists", sure="1").status_code == 303
    assert [one.name for one in store.lists.every()] == ["News"]


def test_a_file_goes_up_is_looked_at_and_imported(world: World, client: TestClient, post: Post, csrf: Csrf) -> None:
    store = world.deps.store
    news = store.lists.add("News", 1)
    data = "Wer;Mail;Ort\nDora;dora@example.org;Köln\nEmil;nobody;Ulm\n".encode("cp1252")

    def upload(name: str, content: bytes) -> Response:
        form = {"csrf": csrf(client, "/contacts/import")}
        return client.post("/contacts/import", data=form, files={"file": (name, content)}, follow_redirects=False)

    assert upload("letter.pdf", b"%PDF").status_code == 400
    where = upload("../people.csv", data).headers["location"]
    looked = client.get(where).text
    assert "Windows-1252 (a guess)" in looked
    assert "Köln" in looked
    form = {"name": "people.csv", "target": ["name", "email", "-"], "lists": f"{news.id:016x}"}
    refused = post(where.partition("?")[0], where, **form)
    assert refused.status_code == 400
    assert "confirm by mail" in refused.text
    done = post(where.partition("?")[0], where, **form, consent="mail", agreed="card <2025>", known="fill")
    page = done.headers["location"]
    assert "Waiting" in client.get(page).text
    post(page, page, do="pause")
    assert "Paused" in client.get(page).text
    post(page, page, do="resume")
    run_import(store, world.deps.clock, claim_import(store, world.deps.clock, "test"))
    shown = client.get(page).text
    assert "Done" in shown
    assert "write it as name@example.com" in shown
    errors = client.get(f"{page}/errors.csv")
    assert errors.headers["content-type"] == "text/csv; charset=utf-8"
    assert "3,Mail,nobody,no address" in errors.text
    dora = store.contacts.by_address("dora@example.org")
    assert dora.name == "Dora"
    assert dora.fields == {}
    assert dora.source == "import people.csv"
    assert [one.list for one in store.lists.memberships(dora.id)] == [news.id]
    assert "people.csv" in client.get("/contacts/import").text
    assert client.get("/contacts/import/0123456789abcdef").status_code == 404
    assert client.get("/contacts/import/..%2f..%2fkeys").status_code == 404


def test_export_holds_what_the_search_found(world: World, client: TestClient) -> None:
    for name in ("anna", "bob"):
        world.deps.store.contacts.add(f"{name}@example.org", 1, fields={"city": 'K"öln, Süd'})
    rows = client.get("/contacts/export.csv?q=bob").content.decode("utf-8-sig").splitlines()
    assert rows[0].endswith("created,mailings,city")
    assert len(rows) == 2
    assert rows[1].startswith("bob@example.org,")
    assert rows[1].endswith('"K""öln, Süd"')


def test_suppressions_say_who_and_why(world: World, client: TestClient, post: Post) -> None:
    store = world.deps.store
    for number in range(60):
        store.suppressions.add(f"b{number:02}@example.org", "unknown_user", "dsn", at=number + 1)
    post("/suppressions", "/suppressions", address="Dora@example.org", note="called us")
    page = client.get("/suppressions?q=dora").text
    assert "called us, by alice@example.org" in page
    first = client.get("/suppressions?reason=unknown_user").text
    assert "b59@example.org" in first
    assert "b05@example.org" not in first
    older = client.get("/suppressions?reason=unknown_user&after=b10@example.org").text
    assert "b05@example.org" in older
    assert post("/suppressions/remove", "/suppressions", address="dora@example.org").status_code == 303
    assert store.suppressions.get("dora@example.org") is None
    assert len(client.get("/suppressions/export.csv").text.splitlines()) == 61


def test_a_contacts_mail_is_the_viewers_own(world: World, client: TestClient) -> None:
    store = world.deps.store
    dora = store.contacts.add("dora@example.org", 1)
    for number, user, subject in ((1, world.alice, "From Alice"), (2, world.charlie, "Secret of Charlie")):
        message = Message(
            id=number, user=user.id, message_id="", subject=subject, sender="", mail_from="", via=Via.WEB, created_at=1
        )
        store.digest.apply(Batch(submissions=[Submission(message, (), (Copy(number, number, "Dora@example.org"),))]))
    page = client.get(f"/contacts/{dora.id:016x}").text
    assert "From Alice" in page
    assert "Secret of Charlie" not in page
