import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from postlude.kit.ids import id_text, parse_id
from postlude.model.words import CampaignStatus, Consent, MemberStatus, Purpose
from postlude.store.campaigns.rows import Campaign, CampaignFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from httpx2 import Response
    from playwright.sync_api import Browser, Page
    from starlette.testclient import TestClient

    from support.web_world import World

    Csrf = Callable[[TestClient, str], str]

HTML = (
    "<!doctype html><style>h1 { color: rgb(1, 2, 3) }</style><body><h1>Dear {{ contact.first_name }}</h1>"
    '<a href="https://shop.example/a?x=1&amp;y=2">the shop</a> <a href="{{ unsubscribe_url }}">leave</a></body>'
)


@dataclass
class Editor:
    """Alice at her campaign."""

    world: "World"
    client: "TestClient"
    csrf: str
    path: str

    @property
    def campaign(self) -> Campaign:
        number = parse_id(self.path.rpartition("/")[2])
        assert number is not None
        return self.world.deps.store.campaigns.get(number)

    def post(self, more: str = "", **fields: str) -> "Response":
        return self.client.post(self.path + more, data={"csrf": self.csrf, **fields}, follow_redirects=False)

    def save(self, **fields: str) -> "Response":
        typed = {
            "name": "December",
            "sender": "Alice <alice@example.org>",
            "list": id_text(self.world.deps.store.lists.every()[0].id),
            "variant": "A",
            "A_subject": "Hello {{ contact.first_name }}",
            "A_preheader": "What is new",
            "A_format": "html",
            "A_source": HTML,
            "A_text": "",
            "opens": "1",
            "clicks": "1",
        }
        return self.post(**(typed | fields))


@pytest.fixture
def editor(world: "World", csrf: "Csrf") -> Editor:
    store = world.deps.store
    news = store.lists.add("News", 1)
    for number in range(3):
        contact = store.contacts.add(
            f"p{number}@example.net", 1, name=f"Person {number}", fields={"first_name": f"P{number}"}
        )
        store.lists.put_member(news.id, contact.id, MemberStatus.SUBSCRIBED, 1)
    client = world.client(world.alice)
    token = csrf(client, "/campaigns")
    answer = client.post("/campaigns", data={"csrf": token, "name": "December"}, follow_redirects=False)
    assert answer.status_code == 303
    return Editor(world, client, token, answer.headers["location"])


def test_the_list_of_campaigns_holds_ones_own(world: "World", editor: Editor) -> None:
    assert editor.path in editor.client.get("/campaigns").text
    assert editor.path not in world.client(world.charlie).get("/campaigns").text


def test_who_is_not_signed_in_is_asked_to(world: "World", editor: Editor) -> None:
    assert world.client().get(editor.path, follow_redirects=False).headers["location"] == "/sign-in"


def test_another_user_sees_nothing_of_it(world: "World", editor: Editor) -> None:
    charlie = world.client(world.charlie)
    answers = {path: charlie.get(editor.path + path).status_code for path in ("", "/checks", "/people")}
    assert answers == dict.fromkeys(answers, 404)


ACTIONS = ("", "/schedule", "/cancel", "/delete", "/preview", "/look", "/test", "/copy", "/follow-up")


def test_another_user_can_do_nothing_with_it(world: "World", editor: Editor, csrf: "Csrf") -> None:
    charlie = world.client(world.charlie)
    form = {"csrf": csrf(charlie, "/campaigns"), "who": "opened"}
    answers = {path: charlie.post(editor.path + path, data=form).status_code for path in ACTIONS}
    assert answers == dict.fromkeys(ACTIONS, 404)
    assert editor.campaign.status is CampaignStatus.DRAFT


def test_nothing_is_done_without_the_forms_token(editor: Editor) -> None:
    answers = {path: editor.client.post(editor.path + path, data={"csrf": "forged"}).status_code for path in ACTIONS}
    assert answers == dict.fromkeys(ACTIONS, 403)
    assert editor.campaign.status is CampaignStatus.DRAFT


def test_a_draft_comes_back_as_it_was_typed(editor: Editor) -> None:
    segment = "field('first_name') starts with 'P' and not replied()"
    saved = editor.save(
        segment=segment,
        utm="utm_source=news&utm_campaign={campaign}",
        per_hour="1,000",
        missing="default",
        defaults="first_name=friend",
    )
    assert saved.headers["location"] == editor.path + "?saved=1"
    page = editor.client.get(editor.path).text
    assert "utm_source=news&amp;utm_campaign=December" in page
    assert "field(&#39;first_name&#39;) starts with &#39;P&#39; and not replied()" in page
    assert "first_name=friend" in page
    assert "{{ contact.first_name }}" in page
    assert editor.campaign.options.per_hour == 1000


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"sender": "boss@elsewhere.example"}, "is not an address that"),
        ({"per_hour": "many"}, "a number"),
        ({"time_zone": "Mars/Base"}, "is not a time zone"),
        ({"A_format": "mjml", "A_source": "<mjml><mj-body><mj-nonsense"}, "MJML"),
        ({"segment": "oppened()"}, "is it opened?"),
        ({"segment": "list('Nws')"}, "there is no list"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(editor: Editor, bad: dict[str, str], words: str) -> None:
    answer = editor.save(A_preheader="kept in spite of it", **bad)
    assert answer.status_code == 400
    assert words in answer.text
    assert "kept in spite of it" in answer.text


def test_a_sender_may_fit_the_pattern_of_ones_senders(editor: Editor) -> None:
    assert editor.save(sender="news@club.example").status_code == 303
    assert editor.campaign.sender == "news@club.example"


LOOKED_AT = {
    "variant": "A",
    "A_subject": "Hi {{ contact.first_name }}",
    "A_source": HTML,
    "A_format": "html",
    "look_contact": "p2@example.net",
    "name": "x",
    "sender": "alice@example.org",
}


def test_the_preview_is_what_a_contact_gets_and_nothing_in_it_is_live(editor: Editor) -> None:
    framed = editor.post("/preview", **LOOKED_AT)
    assert "Dear P2" in framed.text
    assert 'href="https://shop.example/a?x=1&amp;y=2"' in framed.text
    assert "/l/" not in framed.text
    assert "/i/" not in framed.text
    assert framed.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Hi P2"),
        ({"look_contact": "x@y.z"}, "is not a contact"),
        ({"A_source": "{% if %}"}, "Expected an expression"),
    ],
)
def test_beside_the_preview_stands_its_subject_or_what_is_wrong(
    editor: Editor, typed: dict[str, str], words: str
) -> None:
    assert words.lower() in editor.post("/look", **(LOOKED_AT | typed)).text.lower()


def test_looking_saves_nothing(editor: Editor) -> None:
    editor.post("/preview", **LOOKED_AT)
    editor.post("/look", **LOOKED_AT)
    assert editor.campaign.name == "December"


def test_an_empty_draft_does_not_leave(editor: Editor) -> None:
    assert ">Error</span>" in editor.client.get(editor.path + "/checks").text
    assert editor.post("/schedule", anyway="1").status_code == 400
    assert editor.campaign.status is CampaignStatus.DRAFT


def test_without_consent_on_record_it_leaves_only_when_told_to(editor: Editor) -> None:
    editor.save()
    checks = editor.client.get(editor.path + "/checks").text
    assert "no recorded consent" in checks
    assert "3 contacts get a copy" in checks
    assert editor.post("/schedule").status_code == 400
    assert editor.campaign.status is CampaignStatus.DRAFT


def test_nothing_is_scheduled_for_the_past(editor: Editor) -> None:
    editor.save()
    assert editor.post("/schedule", anyway="1", at="2001-01-01T10:00").status_code == 400
    assert editor.campaign.status is CampaignStatus.DRAFT


@pytest.fixture
def scheduled(editor: Editor) -> Editor:
    """For a day that is far away."""
    editor.save()
    assert editor.post("/schedule", anyway="1", at="2099-01-01T10:00").status_code == 303
    return editor


def test_a_scheduled_campaign_says_when_it_leaves(scheduled: Editor) -> None:
    assert scheduled.campaign.status is CampaignStatus.SCHEDULED
    assert "1 January 2099" in scheduled.client.get(scheduled.path).text


def test_the_content_of_a_scheduled_campaign_is_fixed(scheduled: Editor) -> None:
    assert scheduled.save().status_code == 400


def test_a_scheduled_campaign_is_taken_back(scheduled: Editor) -> None:
    scheduled.post("/pause")
    assert scheduled.campaign.status is CampaignStatus.DRAFT


def test_consent_on_record_needs_no_word(editor: Editor) -> None:
    store = editor.world.deps.store
    for number in range(3):
        contact = store.contacts.by_address(f"p{number}@example.net")
        assert contact is not None
        store.contacts.record_consent(contact.id, {Purpose.MAIL: Consent.GIVEN}, 1, how="by hand", source="asked")
    editor.save()
    assert editor.post("/schedule").status_code == 303


def test_the_button_asks_how_many_it_goes_to(editor: Editor) -> None:
    editor.save()
    assert "Send it to 3 contacts now?" in editor.client.get(editor.path + "/checks").text


def test_what_was_sent_with_one_click_can_be_taken_back(editor: Editor) -> None:
    editor.save()
    editor.post("/schedule", anyway="1")
    assert "Undo" in editor.client.get(editor.path).text
    editor.post("/pause")
    assert editor.campaign.status is CampaignStatus.DRAFT


def variants(editor: Editor) -> list[str]:
    return [variant.name for variant in editor.world.deps.store.campaigns.variants(editor.campaign.id)]


def test_a_variant_is_added(editor: Editor) -> None:
    editor.save(add_variant="1")
    assert variants(editor) == ["A", "B"]


def test_a_variant_is_removed(editor: Editor) -> None:
    editor.save(add_variant="1")
    editor.post("/variants/A/remove")
    assert variants(editor) == ["B"]


@pytest.fixture
def hosted(editor: Editor) -> CampaignFile:
    """A file that mails link to."""
    upload = {"file": ("price list.pdf", b"%PDF-1.4", "application/pdf")}
    data = {"csrf": editor.csrf, "hosted": "1"}
    answer = editor.client.post(editor.path + "/files", data=data, files=upload, follow_redirects=False)
    assert answer.status_code == 303
    [file] = editor.world.deps.store.campaigns.files(editor.campaign.id)
    return file


def test_a_file_is_hosted(editor: Editor, hosted: CampaignFile) -> None:
    assert hosted.name == "price list.pdf"
    assert hosted.hosted is True
    assert (editor.world.deps.campaigns.files / id_text(hosted.id)).read_bytes() == b"%PDF-1.4"
    assert "hosted:price list.pdf" in editor.client.get(editor.path).text


def test_a_hosted_file_is_removed(editor: Editor, hosted: CampaignFile) -> None:
    editor.post(f"/files/{id_text(hosted.id)}/remove")
    assert not editor.world.deps.store.campaigns.files(editor.campaign.id)
    assert not (editor.world.deps.campaigns.files / id_text(hosted.id)).exists()


def test_a_copy_is_a_draft_of_its_own(editor: Editor) -> None:
    copied = editor.post("/copy").headers["location"]
    assert copied != editor.path
    assert editor.client.get(copied).status_code == 200


def test_a_draft_is_deleted(editor: Editor) -> None:
    assert editor.post("/delete").headers["location"] == "/campaigns"
    assert editor.client.get(editor.path).status_code == 404


def test_a_test_mail_goes_to_addresses(editor: Editor) -> None:
    editor.save()
    assert editor.post("/test", to="nobody").status_code == 400
    assert editor.world.submitted == []


def test_a_test_mail_goes_to_ourselves(editor: Editor) -> None:
    editor.save()
    answer = editor.post("/test", to="alice@example.org, boss@example.org", contact="p1@example.net")
    assert answer.headers["location"].endswith("?notice=test")
    [sent] = editor.world.submitted
    assert sent["recipients"] == ["alice@example.org", "boss@example.org"]
    assert b"X-Postlude-Opens: off" in sent["raw"]


def test_a_newsletter_of_900_kb_is_taken(editor: Editor) -> None:
    big = HTML.replace("</body>", "<p>é</p>" * 100_000 + "</body>")
    assert editor.save(A_source=big).status_code == 303
    assert "Gmail shows 102" in editor.client.get(editor.path + "/checks").text


def test_pages_keep_to_the_policy(editor: Editor) -> None:
    editor.save()
    for path in ("/campaigns", editor.path, editor.path + "/people"):
        answer = editor.client.get(path)
        assert answer.status_code == 200
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", answer.text.replace("&lt;", ""))
    assert editor.client.get(editor.path + "/people?what=secret").status_code == 404


@pytest.fixture
def page(browser: "Browser", served: str, world: "World") -> "Iterator[Page]":
    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{served}/sign-in/{world.token(world.alice)}")
    yield page
    page.close()


@pytest.mark.browser
def test_the_preview_follows_what_is_typed(editor: Editor, page: "Page", served: str) -> None:
    page.goto(served + editor.path)
    page.get_by_label("News 3 subscribed").check()
    page.get_by_label("Subject").fill("Good day {{ contact.first_name }}")
    page.locator("#A_source").fill(HTML)
    frame = page.frame_locator("iframe[name=preview]")
    frame.get_by_text("Dear P0").wait_for()
    color = frame.locator("h1").evaluate("(node) => getComputedStyle(node).color")
    assert color == "rgb(1, 2, 3)"  # the mail's own styles hold inside the frame
    page.locator("#look").get_by_text("Good day P0").wait_for()
    page.get_by_role("button", name="Save").click()
    page.locator("#checks").get_by_text("3 contacts get a copy").wait_for()
