"""Before a campaign leaves: drafts, checks, previews, tests, files."""

import re
from email import message_from_bytes
from typing import Any

import pytest

from postlude.compose import TemplateError
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.checks import Level, check_campaign
from postlude.services.campaigns.drafts import VariantContent, change_campaign, copy_campaign
from postlude.services.campaigns.files import attach_file
from postlude.services.campaigns.preview import preview_copy, someone
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.test_mail import compose_test_mail
from postlude.store.campaigns.rows import Campaign
from postlude.store.contacts.rows import Audience
from postlude.tokens import DEAD_TOKEN, TokenCodec
from support.payload import decoded
from support.present import present

from .conftest import World


def reported(world: World, campaign: Campaign, level: Level | None = None) -> set[str]:
    found = check_campaign(world.store, world.contents, campaign, world.clock.now(), lambda _: True)
    return {one.check for one in found if level is None or one.level is level}


def with_html(world: World, html: str, **options: Any) -> Campaign:
    made = world.draft(**options)
    return change_campaign(world.store, made.id, {}, {"A": VariantContent(html=html)})


def live_tokens(codec: TokenCodec, text: str) -> list[str]:
    return [word for word in re.findall(r"[A-Za-z0-9_-]{36}", text) if codec.read_read(word) or codec.read_act(word)]


def test_a_good_campaign_has_nothing_serious(world: World) -> None:
    assert reported(world, world.draft(), Level.ERROR) == reported(world, world.draft("b"), Level.SERIOUS) == set()


@pytest.mark.parametrize(
    ("html", "check", "level"),
    [
        ("<p>no way out</p>", "unsubscribe", Level.SERIOUS),
        ('{{ unsubscribe_url }}<a href="/offer">x</a>', "links", Level.SERIOUS),
        ('{{ unsubscribe_url }}<a href="">x</a>', "links", Level.SERIOUS),
        ('{{ unsubscribe_url }}<a href="https://exa mple.com/">x</a>', "links", Level.SERIOUS),
        ("{{ unsubscribe_url }}{{ contact.frist_name }}", "fields", Level.SERIOUS),
        ("{{ unsubscribe_url }}{{ contact.first_name }}", "fields", Level.WARNING),
        ('{{ unsubscribe_url }}<img src="https://x.example/a.png">', "images", Level.WARNING),
        ("{{ unsubscribe_url }}<p>" + "long " * 21_000, "rendered", Level.WARNING),
        ("{{ unsubscribe_url }}{% if %}", "template", Level.ERROR),
        ("{{ unsubscribe_url }}{{ wrong }}", "template", Level.ERROR),
        ("", "content", Level.ERROR),
        ('{{ unsubscribe_url }}<a href="hosted:missing.pdf">x</a>', "files", Level.ERROR),
        ('{{ unsubscribe_url }}<img alt="" src="cid:missing">', "files", Level.ERROR),
    ],
)
def test_what_is_wrong_is_found(world: World, html: str, check: str, level: Level) -> None:
    assert check in reported(world, with_html(world, html), level)
    assert check not in reported(world, world.draft("good"), level) or check == "fields"


def test_files_that_are_there_are_found(world: World) -> None:
    made = with_html(world, '{{ unsubscribe_url }}<a href="hosted:a b.pdf">the brochure</a> hosted: by us')
    attach_file(world.store, world.folder, made.id, "a b.pdf", "application/pdf", b"%PDF", hosted=True)
    assert "files" not in reported(world, made, Level.ERROR)


@pytest.mark.parametrize(
    ("sender", "level"),
    [
        ("", Level.ERROR),
        ("пётр@sender.example", Level.SERIOUS),
        ("A@B Shop <care@sender.example>", None),
        ("Shop <news@münchen.example>", None),
    ],
)
def test_a_sender_is_checked_as_it_was_typed(world: World, sender: str, level: Level | None) -> None:
    made = change_campaign(world.store, world.draft("s").id, {"sender": sender}, {})
    assert [each for each in (Level.ERROR, Level.SERIOUS) if "sender" in reported(world, made, each)] == [level] * bool(
        level
    )


def test_missing_consent_sender_and_audience_are_found(world: World) -> None:
    world.store.contacts.add("dora@customer.test", 9)
    everyone = world.draft(audience=Audience(everyone=True))
    assert "consent" in reported(world, everyone, Level.SERIOUS)
    nobody = world.draft("nobody", audience=Audience())
    assert "audience" in reported(world, nobody, Level.ERROR)
    unsigned = check_campaign(world.store, world.contents, everyone, world.clock.now(), lambda _: False)
    assert any(one.check == "signature" for one in unsigned)


def test_a_preview_shows_one_contact_and_nothing_live(world: World) -> None:
    made = world.draft()
    (variant,) = world.store.campaigns.variants(made.id)
    seen = preview_copy(
        world.contents, made, variant, someone(world.store, made, world.clock.now(), "bob@customer.test")
    )
    assert seen.address == "bob@customer.test"
    assert seen.subject == "News for Bob"
    assert "Dear Bob," in seen.html
    assert "https://shop.example.com/offer?a=1" in seen.html
    assert f"/u/{DEAD_TOKEN}" in seen.html
    assert live_tokens(world.codec, seen.html + seen.text) == []
    assert world.codec.read_act(DEAD_TOKEN) is None
    assert "shop.example.com" in seen.text  # made from the HTML
    assert (
        "Dear friend,"
        in preview_copy(
            world.contents, made, variant, someone(world.store, made, world.clock.now(), "charlie@customer.test")
        ).html
    )


def test_a_test_mail_carries_nothing_live(world: World) -> None:
    made = world.draft()
    (variant,) = world.store.campaigns.variants(made.id)
    raw = compose_test_mail(
        world.contents, made, variant, someone(world.store, made, world.clock.now()), ["me@example.org"]
    )
    message = message_from_bytes(raw)
    assert message["To"] == "me@example.org"
    assert message["Subject"] == "[Test A] News for Alice"
    assert len(message.get_all("Subject", [])) == 1
    assert message["X-Postlude-Opens"] == message["X-Postlude-Clicks"] == "off"
    body = b"".join(decoded(part) for part in message.walk() if not part.is_multipart()).decode()
    assert live_tokens(world.codec, body) == []
    assert ".gif" not in body
    with pytest.raises(InputError, match="is not an address"):
        compose_test_mail(world.contents, made, variant, None, ["me"])


def test_what_cannot_be_compiled_stays_a_draft(world: World) -> None:
    made = with_html(world, "{{ nobody.knows }}")
    with pytest.raises(TemplateError):
        schedule_campaign(world.store, world.contents, world.clock, made.id)
    assert world.store.campaigns.get(made.id).status is CampaignStatus.DRAFT
    with pytest.raises(InputError, match="the audience is empty"):
        schedule_campaign(world.store, world.contents, world.clock, world.draft("x", Audience()).id)


def test_scheduling_fixes_message_links_and_the_page_for_browsers(world: World) -> None:
    made = world.draft()
    (variant,) = world.store.campaigns.variants(made.id)
    fixed = schedule_campaign(world.store, world.contents, world.clock, made.id)
    assert fixed.status == CampaignStatus.SCHEDULED
    assert fixed.expected == 3
    assert "https://shop.example.com/offer?a=1" in [
        link.url for link in world.store.messages.links(variant.message) if link.tracked
    ]
    page = (present(world.contents.views) / f"{id_text(variant.message)}.html").read_text()
    assert "Dear friend," in page
    assert live_tokens(world.codec, page) == []
    with pytest.raises(InputError, match="only a draft"):
        schedule_campaign(world.store, world.contents, world.clock, made.id)
    with pytest.raises(InputError, match="only a draft"):
        change_campaign(world.store, made.id, {"name": "other"}, {})


def test_files_travel_or_are_downloaded(world: World) -> None:
    made = with_html(world, '{{ unsubscribe_url }}<a href="hosted:a b.pdf">the brochure</a>')
    attach_file(world.store, world.folder, made.id, "a b.pdf", "application/pdf", b"%PDF", hosted=True)
    attach_file(world.store, world.folder, made.id, "terms.txt", "text/plain", b"terms")
    (variant,) = world.store.campaigns.variants(made.id)
    compiled = world.contents.examine(made, variant, world.contents.policy(made))
    (link,) = [one for one in compiled.links if "/f/" in one.url and one.tracked]
    (hosted,) = [one for one in world.store.campaigns.files(made.id) if one.hosted]
    assert link.url == f"https://t.example.org/f/{id_text(hosted.id)}/a%20b.pdf"
    assert (world.folder / id_text(hosted.id)).read_bytes() == b"%PDF"
    raw = world.contents.sample(made, variant, world.contents.policy(made), {"contact": {"email": "a@x.org"}}).message
    names = [part.get_filename() for part in message_from_bytes(raw).walk() if part.get_filename()]
    assert names == ["terms.txt"]
    copied = copy_campaign(world.store, world.folder, world.clock, made.id)
    assert sorted(one.name for one in world.store.campaigns.files(copied.id)) == ["a b.pdf", "terms.txt"]


def test_style_sheets_go_inline_and_other_html_stays_as_it_is(world: World) -> None:
    made = with_html(world, "<style>p{color:red}</style><p>{{ contact.first_name }}</p>{{ unsubscribe_url }}")
    (variant,) = world.store.campaigns.variants(made.id)
    assert re.search(
        r"<p style=\"color: ?red;?\">\{\{ contact.first_name \}\}</p>", world.contents.template(made, variant).html
    )
    plain = world.draft("plain")
    (variant,) = world.store.campaigns.variants(plain.id)
    assert world.contents.template(plain, variant).html == variant.html


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"test_percent": 101}, "percent"),
        ({"per_hour": -1}, "negative"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"missing": "guess"}, "empty fields"),
    ],
)
def test_options_that_cannot_be_are_refused(world: World, options: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        world.draft(**options)
    with pytest.raises(InputError, match="is not an address"):
        change_campaign(world.store, world.draft("s").id, {"sender": "Nobody"}, {})


def test_contents_are_compiled_once_a_policy(world: World) -> None:
    made = world.draft()
    (variant,) = world.store.campaigns.variants(made.id)
    contents = world.contents
    first = contents.compiled(made, variant.message, opens=True, clicks=True)
    assert contents.compiled(made, variant.message, opens=True, clicks=True) is first
    without = contents.compiled(made, variant.message, opens=False, clicks=True)
    assert first.opens
    assert not without.opens
