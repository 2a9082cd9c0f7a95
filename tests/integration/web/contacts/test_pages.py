"""Contacts, lists, imports and suppressions in the browser."""

import html
import re
from collections.abc import Callable

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from postlude.kit.ids import id_text
from postlude.model.role import Role
from postlude.model.words import Consent, MemberStatus, Purpose, Via
from postlude.services.contacts.import_job import claim_import, run_import
from postlude.store import Batch, Copy, Message, Submission
from postlude.store.contacts.rows import Contact
from postlude.web.contacts import imports
from support.present import present
from support.web_world import Csrf, World

Post = Callable[..., Response]
Upload = Callable[[str, bytes], Response]
_PEOPLE = "Wer;Mail;Ort\nDora;dora@example.org;Köln\nEmil;nobody;Ulm\n".encode("cp1252")


@pytest.fixture
def client(world: World) -> TestClient:
    return world.client(world.alice)


@pytest.fixture
def post(client: TestClient, csrf: Csrf) -> Post:
    """Post a form as the page `of` would."""

    def send(path: str, of: str = "/contacts", **fields: object) -> Response:
        return client.post(path, data={"csrf": csrf(client, of), **fields}, follow_redirects=False)

    return send


@pytest.fixture
def upload(client: TestClient, csrf: Csrf) -> Upload:
    """Choose a file of this name and content to import."""

    def send(name: str, content: bytes) -> Response:
        form = {"csrf": csrf(client, "/contacts/import")}
        return client.post("/contacts/import", data=form, files={"file": (name, content)}, follow_redirects=False)

    return send


@pytest.fixture
def dora(world: World) -> Contact:
    return world.deps.store.contacts.add("dora@example.org", 1)


@pytest.fixture
def where(dora: Contact) -> str:
    """Dora's page."""
    return f"/contacts/{dora.id:016x}"


@pytest.mark.parametrize("path", ["/contacts", "/contacts/import", "/contacts/export.csv", "/lists", "/suppressions"])
def test_a_page_needs_a_session(world: World, client: TestClient, path: str) -> None:
    assert world.client().get(path, follow_redirects=False).headers["location"] == "/sign-in"
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/contacts", "/lists", "/suppressions", "/suppressions/remove"])
def test_a_form_needs_its_token(world: World, client: TestClient, path: str) -> None:
    assert client.post(path, data={"address": "a@example.org", "name": "x"}).status_code == 403
    assert world.deps.store.contacts.count() == 0


def test_a_contact_is_added(client: TestClient, post: Post) -> None:
    added = post("/contacts", address="Dora <Dora@müller.example>").headers["location"]
    assert "Dora@müller.example" in client.get(added).text
    assert "1 person" in client.get("/contacts").text


def test_what_is_not_an_address_is_refused(world: World, post: Post) -> None:
    assert post("/contacts", address="nobody").status_code == 400
    assert world.deps.store.contacts.count() == 0


def test_the_search_finds_a_part_of_an_address(client: TestClient, dora: Contact) -> None:
    assert dora.address in client.get("/contacts?q=DOR").text
    assert "No contact matches" in client.get("/contacts?q=xyz%25").text


def test_a_contact_is_changed(world: World, post: Post, dora: Contact, where: str) -> None:
    form = {"address": "d@example.org", "name": "Dora", "tags": "vip, press", "field": ["city", ""], "value": "Ulm"}
    assert post(where, where, **form).headers["location"].endswith("?notice=saved")
    store = world.deps.store
    changed = store.contacts.get(dora.id)
    assert changed.address == "d@example.org"
    assert changed.name == "Dora"
    assert changed.fields == {"city": "Ulm"}
    assert store.contacts.tags_of([dora.id])[dora.id] == ["press", "vip"]


def test_what_a_form_leaves_out_is_taken_off(world: World, post: Post, dora: Contact, where: str) -> None:
    post(where, where, address=dora.address, tags="vip, press", field="city", value="Ulm")
    post(where, where, address=dora.address, tags="vip", field="city", value="")
    store = world.deps.store
    assert store.contacts.get(dora.id).fields == {}
    assert store.contacts.tags_of([dora.id])[dora.id] == ["vip"]


def test_a_wrong_value_is_refused_with_its_reason(post: Post, dora: Contact, where: str) -> None:
    wrong = post(where, where, address=dora.address, time_zone="Mars")
    assert wrong.status_code == 400
    assert "is not a time zone" in wrong.text


def _erase(world: World, csrf: Csrf, where: str, role: Role, **fields: str) -> Response:
    user = world.deps.store.accounts.create_user(f"{role}@example.org", "", (), 5, role)
    client = world.client(user)
    return client.post(f"{where}/erase", data={"csrf": csrf(client, where), **fields}, follow_redirects=False)


def test_erasing_wants_to_be_confirmed(world: World, csrf: Csrf, client: TestClient, where: str) -> None:
    assert _erase(world, csrf, where, Role.OWNER).status_code == 400
    assert client.get(where).status_code == 200


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
def test_a_contact_is_erased(world: World, csrf: Csrf, client: TestClient, where: str, role: Role) -> None:
    assert _erase(world, csrf, where, role, sure="1").headers["location"] == "/contacts"
    assert client.get(where).status_code == 404


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_who_does_not_manage_erases_no_contact(
    world: World, csrf: Csrf, client: TestClient, where: str, role: Role
) -> None:
    assert "Delete this contact" not in client.get(where).text
    assert _erase(world, csrf, where, role, sure="1").status_code == 403
    assert client.get(where).status_code == 200


@pytest.mark.parametrize("page", ["/contacts", "/contacts/{contact:016x}", "/lists"])
def test_names_from_files_are_text_on_the_page(world: World, client: TestClient, page: str) -> None:
    store = world.deps.store
    evil = "<script>alert(1)</script>"
    contact = store.contacts.add("x@example.org", 1, name=evil, fields={evil: evil}, source=evil)
    store.contacts.tag_contact(store.contacts.tag(evil), contact.id)
    store.lists.add(evil, 1)
    assert evil not in client.get(page.format(contact=contact.id)).text


def test_joining_a_list_that_confirms_sends_the_mail(world: World, post: Post, dora: Contact, where: str) -> None:
    post("/lists", "/lists", name="News", double_optin="1", consent_text="Monthly")
    [news] = world.deps.store.lists.every()
    asked = post(f"{where}/lists", where, list=f"{news.id:016x}", do="join")
    assert asked.headers["location"].endswith("?notice=asked")
    [mail] = world.submitted
    assert mail["recipients"] == ["dora@example.org"]
    assert b"https://t.test/c/" in mail["raw"]
    [membership] = world.deps.store.lists.memberships(dora.id)
    assert membership.status == MemberStatus.PENDING


def test_joining_a_plain_list_needs_no_mail(world: World, post: Post, dora: Contact, where: str) -> None:
    plain = world.deps.store.lists.add("Plain", 1, double_optin=False)
    post(f"{where}/lists", where, list=f"{plain.id:016x}", do="join")
    assert world.submitted == []
    [membership] = world.deps.store.lists.memberships(dora.id)
    assert membership.status == MemberStatus.SUBSCRIBED


def test_a_contact_leaves_a_list(world: World, post: Post, where: str) -> None:
    plain = world.deps.store.lists.add("Plain", 1, double_optin=False)
    post(f"{where}/lists", where, list=f"{plain.id:016x}", do="join")
    post(f"{where}/lists", where, list=f"{plain.id:016x}", do="leave")
    assert world.deps.store.lists.totals()[plain.id].unsubscribed == 1


def test_consent_needs_its_source(world: World, post: Post, dora: Contact, where: str) -> None:
    assert post(f"{where}/consent", where, purpose="mail", state="given").status_code == 400
    assert world.deps.store.contacts.consent_log(dora.id) == []


def test_consent_is_kept_with_who_noted_it(
    world: World, client: TestClient, post: Post, dora: Contact, where: str
) -> None:
    post(f"{where}/consent", where, purpose="mail", state="given", source="phone")
    assert world.deps.store.contacts.consent_log(dora.id)[0].proof.by == world.alice.address
    assert "phone" in client.get(where).text


def test_a_list_is_deleted(world: World, post: Post) -> None:
    plain = world.deps.store.lists.add("Plain", 1, double_optin=False)
    world.deps.store.lists.add("News", 1)
    assert post(f"/lists/{plain.id:016x}/delete", "/lists", sure="1").status_code == 303
    assert [one.name for one in world.deps.store.lists.every()] == ["News"]


def test_a_file_that_is_not_a_table_is_refused(upload: Upload) -> None:
    assert upload("letter.pdf", b"%PDF").status_code == 400


def test_files_that_wait_take_a_bounded_room(world: World, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "UPLOADS_BYTES", 1000)
    assert upload("a.csv", b"email\n" + b"x" * 900).status_code == 303
    refused = upload("b.csv", b"email\n" + b"x" * 900)
    assert refused.status_code == 400
    assert "import or cancel them first" in refused.text
    assert len(list(present(world.deps.contacts).uploads.iterdir())) == 1


def test_a_file_is_looked_at_before_it_is_imported(client: TestClient, upload: Upload) -> None:
    looked = client.get(upload("../people.csv", _PEOPLE).headers["location"]).text
    assert "Windows-1252 (a guess)" in looked
    assert "Köln" in looked


def test_people_who_never_agreed_are_not_put_on_a_list(world: World, post: Post, upload: Upload) -> None:
    news = world.deps.store.lists.add("News", 1)
    looked = upload("people.csv", _PEOPLE).headers["location"]
    refused = post(looked.partition("?")[0], looked, **_form(news.id))
    assert refused.status_code == 400
    assert "confirm by mail" in refused.text


def _form(news: int) -> dict[str, object]:
    """Whose columns are names, addresses and nothing to keep."""
    return {"name": "people.csv", "target": ["name", "email", "-"], "lists": f"{news:016x}"}


def _taken(world: World) -> None:
    claimed = claim_import(world.deps.store, world.deps.clock, "test")
    assert claimed is not None
    run_import(world.deps.store, world.deps.clock, claimed)


def _as_shown(page: str) -> list[str]:
    """What the page takes each column for, as its form sends it back."""
    return re.findall(r'name="target" value="([^"]*)"', page)


def test_a_wish_in_a_file_is_shown_before_and_withdrawn_after(
    world: World, client: TestClient, post: Post, upload: Upload
) -> None:
    looked = upload("w.csv", b"email,consent,Status\na@example.org,withdrawn,\nb@example.org,,unsubscribed\n")
    page = client.get(looked.headers["location"]).text
    assert _as_shown(page) == ["email", "consent", "mailings"]
    assert "<strong>consent</strong> as <code>consent</code>" in page
    where = looked.headers["location"]
    job = post(where.partition("?")[0], where, target=_as_shown(page), name="w.csv").headers["location"]
    _taken(world)
    assert "withdraw consent, as the file states" in client.get(job).text
    assert present(world.deps.store.contacts.by_address("a@example.org")).mail_consent is Consent.WITHDRAWN
    assert present(world.deps.store.suppressions.get("b@example.org")).reason == "unsubscribed"


def test_our_own_export_is_taken_whole_in_the_browser(
    world: World, client: TestClient, post: Post, upload: Upload
) -> None:
    store = world.deps.store
    made = store.contacts.add("a@example.org", 1, fields={"city": "Ulm"})
    states = {Purpose.MAIL: Consent.WITHDRAWN, Purpose.CLICKS: Consent.WITHDRAWN}
    store.contacts.record_consent(made.id, states, 2, how="by hand")
    exported = client.get("/contacts/export.csv").content
    store.contacts.erase(made.id, 3)
    where = upload("own.csv", exported).headers["location"]
    post(where.partition("?")[0], where, target=_as_shown(client.get(where).text), name="own.csv")
    _taken(world)
    back = present(store.contacts.by_address("a@example.org"))
    assert back.mail_consent is Consent.WITHDRAWN
    assert back.clicks_consent is Consent.WITHDRAWN
    assert back.fields == {"city": "Ulm"}


@pytest.fixture
def ordered(world: World, post: Post, upload: Upload) -> str:
    """The page of an import that is to begin."""
    news = world.deps.store.lists.add("News", 1)
    looked = upload("../people.csv", _PEOPLE).headers["location"]
    agreed = {"consent": "mail", "agreed": "card <2025>", "known": "fill"}
    return post(looked.partition("?")[0], looked, **_form(news.id), **agreed).headers["location"]


@pytest.fixture
def imported(world: World, ordered: str) -> str:
    """The page of an import that is done."""
    store, clock = world.deps.store, world.deps.clock
    claimed = claim_import(store, clock, "test")
    assert claimed is not None
    run_import(store, clock, claimed)
    return ordered


def test_an_import_waits_and_is_paused(client: TestClient, post: Post, ordered: str) -> None:
    assert "Waiting" in client.get(ordered).text
    post(ordered, ordered, do="pause")
    assert "Paused" in client.get(ordered).text


def test_a_paused_import_goes_on(client: TestClient, post: Post, ordered: str) -> None:
    post(ordered, ordered, do="pause")
    post(ordered, ordered, do="resume")
    assert "Waiting" in client.get(ordered).text


def test_people_of_a_file_are_contacts(world: World, client: TestClient, imported: str) -> None:
    assert "Done" in client.get(imported).text
    store = world.deps.store
    dora = store.contacts.by_address("dora@example.org")
    assert dora is not None
    assert dora.name == "Dora"
    assert dora.fields == {}
    assert dora.source == "import people.csv"
    assert [store.lists.get(one.list).name for one in store.lists.memberships(dora.id)] == ["News"]


def test_rows_that_cannot_be_read_are_told_with_the_remedy(client: TestClient, imported: str) -> None:
    assert "write it as name@example.com" in client.get(imported).text
    errors = client.get(f"{imported}/errors.csv")
    assert errors.headers["content-type"] == "text/csv; charset=utf-8"
    assert "3,Mail,nobody,no address" in errors.text


@pytest.mark.usefixtures("imported")
def test_earlier_imports_are_listed(client: TestClient) -> None:
    assert "people.csv" in client.get("/contacts/import").text


@pytest.mark.parametrize("name", ["0123456789abcdef", "..%2f..%2fkeys"])
def test_an_import_that_never_was_is_not_found(client: TestClient, name: str) -> None:
    assert client.get(f"/contacts/import/{name}").status_code == 404


def test_a_mailing_is_made_from_a_list_and_a_tag(world: World, client: TestClient) -> None:
    store = world.deps.store
    news = store.lists.add("News & more", 1)
    anna = store.contacts.add("anna@example.org", 1)
    store.contacts.add("bob@example.org", 1)
    store.lists.put_member(news.id, anna.id, MemberStatus.SUBSCRIBED, 1)
    page = client.get(f"/contacts?in_list={id_text(news.id)}").text
    asked = client.get(html.unescape(page.partition('href="/segments?')[2].partition('"')[0]).join(("/segments?", "")))
    assert "<strong>1</strong>" in asked.text
    assert "anna@example.org" in asked.text


def test_export_holds_what_the_search_found(world: World, client: TestClient) -> None:
    for name in ("anna", "bob"):
        world.deps.store.contacts.add(f"{name}@example.org", 1, fields={"city": 'K"öln, Süd'})
    rows = client.get("/contacts/export.csv?q=bob").content.decode("utf-8-sig").splitlines()
    assert rows[0].endswith("created,mailings,opens_consent,clicks_consent,city")
    assert len(rows) == 2
    assert rows[1].startswith("bob@example.org,")
    assert rows[1].endswith('"K""öln, Süd"')


def test_a_suppression_says_who_and_why(client: TestClient, post: Post) -> None:
    post("/suppressions", "/suppressions", address="Dora@example.org", note="called us")
    assert "called us, by alice@example.org" in client.get("/suppressions?q=dora").text


@pytest.fixture
def _sixty_suppressed(world: World) -> None:
    for number in range(60):
        world.deps.store.suppressions.add(f"b{number:02}@example.org", "unknown_user", "dsn", at=number + 1)


@pytest.mark.usefixtures("_sixty_suppressed")
def test_suppressions_come_in_pages_the_newest_first(client: TestClient) -> None:
    first = client.get("/suppressions?reason=unknown_user").text
    assert "b59@example.org" in first
    assert "b05@example.org" not in first
    assert "b05@example.org" in client.get("/suppressions?reason=unknown_user&after=b10@example.org").text


@pytest.mark.usefixtures("_sixty_suppressed")
def test_all_suppressions_are_exported(client: TestClient) -> None:
    assert len(client.get("/suppressions/export.csv").text.splitlines()) == 61


def test_a_suppression_is_removed(world: World, post: Post) -> None:
    world.deps.store.suppressions.add("dora@example.org", "unknown_user", "dsn", at=1)
    assert post("/suppressions/remove", "/suppressions", address="dora@example.org").status_code == 303
    assert world.deps.store.suppressions.get("dora@example.org") is None


def test_a_contacts_mail_is_the_viewers_own(world: World, client: TestClient, where: str) -> None:
    for number, user, subject in ((1, world.alice, "From Alice"), (2, world.charlie, "Secret of Charlie")):
        message = Message(
            id=number, user=user.id, message_id="", subject=subject, sender="", mail_from="", via=Via.WEB, created_at=1
        )
        copies = (Copy(number, number, "Dora@example.org"),)
        world.deps.store.digest.apply(Batch(submissions=[Submission(message, (), copies)]))
    page = client.get(where).text
    assert "From Alice" in page
    assert "Secret of Charlie" not in page
