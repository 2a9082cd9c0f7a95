import csv
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from postlude.history import History
from postlude.kit.ids import id_text, new_id
from postlude.model.event import LATER_HITS, Event
from postlude.model.observation import Resend, decode_observation
from postlude.model.words import EventKind, SendOutcome, Verdict, Via
from postlude.store.digest.rows import Batch
from postlude.store.messages.rows import AttemptResult, Copy, Link, Message, Submission
from support.web_world import Csrf, World

Stored = Callable[..., tuple[int, int]]
NOW = 1_790_000_000_000_000


@pytest.fixture
def stored(world: World) -> Stored:
    """Store messages of a user; each with one copy and one link."""

    def store(user: int, subject: str, at: int = NOW, **fields: Any) -> tuple[int, int]:
        message, copy = new_id(), new_id()
        row = Message(
            id=message,
            user=user,
            message_id=f"{message}@example.org",
            subject=subject,
            sender="alice@example.org",
            mail_from="alice@example.org",
            via=Via.WEB,
            created_at=at,
            **fields,
        )
        links = (Link(message, 0, "https://example.com/a?b=1&c=2", "The <plan>"),)
        submission = Submission(row, links, (Copy(copy, message, "bob@example.net"),))
        world.deps.store.digest.apply(Batch(submissions=[submission]))
        return message, copy

    return store


def happened(
    world: World, history: History, message: int, copy: int, *kinds: EventKind, verdict: Verdict = Verdict.HUMAN
) -> None:
    events = [
        Event(new_id(), kind, NOW + number, message, copy, 0, verdict, ("browser",), 1, {})
        for number, kind in enumerate(kinds, 1)
    ]
    history.append(events, {})
    world.deps.store.digest.apply(Batch(events=events))


def test_only_the_sender_sees_a_message(world: World, stored: Stored) -> None:
    message, _ = stored(world.alice.id, "For Alice")
    path = f"/messages/{id_text(message)}"
    assert "For Alice" in world.client(world.alice).get(path).text
    assert "For Alice" in world.client(world.alice).get("/").text
    charlie = world.client(world.charlie)
    assert charlie.get(path).status_code == 404
    assert "For Alice" not in charlie.get("/").text


def test_the_page_tells_what_happened_newest_first(world: World, stored: Stored, history: History) -> None:
    message, copy = stored(world.alice.id, "<b>Plan</b>")
    happened(world, history, message, copy, EventKind.SENT, EventKind.OPENED, EventKind.CLICKED)
    page = world.client(world.alice).get(f"/messages/{id_text(message)}").text
    assert "<h1>&lt;b&gt;Plan&lt;/b&gt;</h1>" in page
    assert "The &lt;plan&gt;" in page
    assert "1 click" in page
    timeline = page.partition('class="timeline"')[2]
    assert timeline.index("event-clicked") < timeline.index("event-opened") < timeline.index("event-sent")
    assert "It was a web browser." in timeline
    assert "a person" in timeline


def test_a_mail_that_was_opened_very_often_has_its_newest_events_on_the_page(
    world: World, stored: Stored, history: History
) -> None:
    message, copy = stored(world.alice.id, "Popular")
    happened(world, history, message, copy, EventKind.SENT, *[EventKind.OPENED] * 300)
    client = world.client(world.alice)
    page = client.get(f"/messages/{id_text(message)}").text
    assert page.count("event-opened") == 200
    assert "These are the newest 200" in page
    table = client.get(f"/messages/{id_text(message)}/events.csv").text
    assert len(table.splitlines()) == 302


def test_marks_say_it_in_words_too(world: World, stored: Stored, history: History) -> None:
    plain, _ = stored(world.alice.id, "One", opens=False)
    seen, copy = stored(world.alice.id, "Two")
    happened(world, history, seen, copy, EventKind.OPENED)
    page = world.client(world.alice).get("/").text
    marks = {
        name: page.partition(f'id="m{id_text(i)}"')[2].partition("</li>")[0] for name, i in (("p", plain), ("s", seen))
    }
    assert 'aria-label="Opened"' in marks["s"]
    assert "opened <time" in marks["s"]
    assert "untracked" in marks["p"]


def test_pages_of_the_list_show_every_message_once(world: World, stored: Stored) -> None:
    for number in range(60):
        stored(world.alice.id, f"Subject {number:03d}.", NOW + number)
    client, path, subjects = world.client(world.alice), "/", []
    while path:
        page = client.get(path).text
        subjects += [part.partition("</span>")[0] for part in page.split('<span class="subject">')[1:]]
        path = page.partition('href="/?before=')[2].partition('"')[0]
        path = path and f"/?before={path}"
    assert subjects == [f"Subject {number:03d}." for number in reversed(range(60))]


def test_a_message_accepted_a_moment_ago_is_no_error(world: World) -> None:
    client = world.client(world.alice)
    page = client.get(f"/messages/{id_text(5)}?new=1")
    assert page.status_code == 200
    assert "Accepted" in page.text


class Lost(NamedTuple):
    """A copy of Alice's that may have arrived or not."""

    message: int
    copy: int

    @property
    def page(self) -> str:
        return f"/messages/{id_text(self.message)}"

    @property
    def resend(self) -> str:
        return f"{self.page}/copies/{id_text(self.copy)}/resend"


@pytest.fixture
def lost(world: World, stored: Stored) -> Lost:
    message, copy = stored(world.alice.id, "Maybe")
    result = AttemptResult(copy, SendOutcome.INDETERMINATE, NOW, 1, text="the connection was lost", message=message)
    world.deps.store.digest.apply(Batch(attempts=[result]))
    return Lost(message, copy)


def test_an_indeterminate_copy_can_be_sent_again(world: World, lost: Lost) -> None:
    page = world.client(world.alice).get(lost.page).text
    assert "Send again" in page
    assert "If it arrived, the recipient gets it twice" in page


def test_a_copy_is_sent_again_only_with_the_forms_token(world: World, lost: Lost) -> None:
    assert world.client(world.alice).post(lost.resend).status_code == 403
    assert world.appended == []


def test_a_copy_is_sent_again_only_by_its_sender(world: World, lost: Lost, csrf: Csrf) -> None:
    charlie = world.client(world.charlie)
    assert charlie.post(lost.resend, data={"csrf": csrf(charlie, "/preferences")}).status_code == 404
    assert world.appended == []


def test_sending_again_is_journaled(world: World, lost: Lost, csrf: Csrf) -> None:
    alice = world.client(world.alice)
    done = alice.post(lost.resend, data={"csrf": csrf(alice, lost.page)}, follow_redirects=False)
    assert done.status_code == 303
    assert done.headers["location"] == lost.page
    (record,) = world.appended
    reported = decode_observation(record)
    assert isinstance(reported, Resend)
    assert reported.message == lost.message
    assert reported.copy == lost.copy


def test_a_copy_that_was_sent_has_no_such_button(world: World, stored: Stored, csrf: Csrf) -> None:
    message, copy = stored(world.alice.id, "Done")
    world.deps.store.digest.apply(Batch(attempts=[AttemptResult(copy, SendOutcome.ACCEPTED, NOW, 1, message=message)]))
    alice = world.client(world.alice)
    page = alice.get(f"/messages/{id_text(message)}").text
    assert "Send again" not in page
    refused = alice.post(
        f"/messages/{id_text(message)}/copies/{id_text(copy)}/resend", data={"csrf": csrf(alice, "/preferences")}
    )
    assert refused.status_code in {400, 422}
    assert world.appended == []


def swept(history: History, message: int, copy: int) -> None:
    """A click that was a person's at first."""
    facts = {"user_agent": "x", "why": "9 links in 0.4 s"}
    history.append(
        [
            Event(
                new_id(), EventKind.CLICKED, NOW, message, copy, 0, Verdict.MACHINE, ("sweep", "browser"), 4, facts,
                first_verdict=Verdict.HUMAN, cause=LATER_HITS,
            )
        ],
        {},
    )  # fmt: skip


def test_a_corrected_event_explains_itself_on_the_page(world: World, stored: Stored, history: History) -> None:
    message, copy = stored(world.alice.id, "Plan")
    swept(history, message, copy)
    page = world.client(world.alice).get(f"/messages/{id_text(message)}").text
    timeline = " ".join(page.partition('class="timeline"')[2].split())
    assert "<strong>Corrected.</strong> First taken for a person, corrected by what followed." in timeline
    assert "Very likely: Many links were followed within seconds: 9 links in 0.4 s." in timeline
    assert "Also seen: It was a web browser." in timeline


def test_the_events_are_a_table_with_who_how_sure_and_why(world: World, stored: Stored, history: History) -> None:
    message, copy = stored(world.alice.id, "Plan")
    swept(history, message, copy)
    happened(world, history, message, copy, EventKind.SENT)
    path = f"/messages/{id_text(message)}/events.csv"
    answer = world.client(world.alice).get(path)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()))
    assert [row["event"] for row in rows] == ["clicked", "sent"]
    assert rows[0]["who"] == "a machine"
    assert rows[0]["how sure"] == "very likely"
    assert rows[0]["why"] == "Many links were followed within seconds: 9 links in 0.4 s."
    assert rows[0]["correction"].startswith("First taken for a person")
    assert rows[0]["recipient"] == "bob@example.net"
    assert rows[1]["who"] == ""
    assert world.client(world.charlie).get(path).status_code == 404
    assert world.client(world.alice).get("/messages/zz/events.csv").status_code == 404


def test_a_link_that_was_only_checked_is_named_so(world: World, stored: Stored, history: History) -> None:
    message, copy = stored(world.alice.id, "Plan")
    facts = {"page": "link", "method": "HEAD"}
    event = Event(new_id(), EventKind.VIEWED, NOW, message, copy, 0, Verdict.MACHINE, ("method",), 4, facts)
    history.append([event], {})
    page = world.client(world.alice).get(f"/messages/{id_text(message)}").text
    assert "Link checked" in page
    assert "Checked https://example.com/a?b=1&amp;c=2 without following it by a machine" in page
