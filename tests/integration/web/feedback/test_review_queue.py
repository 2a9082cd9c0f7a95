"""The page of what came back and fits nothing."""

import html
import re
from pathlib import Path

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from postlude.journal import Spool
from postlude.kit.ids import id_text
from postlude.model.journal_position import JournalPosition
from postlude.model.observation import Resolved, decode_observation
from postlude.model.words import Via
from postlude.store import Batch, Copy, Message, Submission, Unmatched
from support.web_world import World, csrf_of

MESSAGE = 77


def fill(world: World) -> None:
    message = Message(
        id=MESSAGE,
        user=world.alice.id,
        message_id="m@x",
        subject="Our <offer>",
        sender="alice@example.org",
        mail_from="",
        via=Via.WEB,
        created_at=world.deps.clock.now(),
    )
    submission = Submission(message, (), (Copy(770, MESSAGE, "bob@customer.test"),))
    facts = {"sender": "bob@private.test", "recipient": "bob@private.test", "text": "<script>alert(1)</script>"}
    facts["message"] = id_text(MESSAGE)
    rows = (
        Unmatched(1, 5, 9, "other_sender", "replied from bob@private.test", "replied", 770, "smtp", facts),
        Unmatched(2, 6, 0, "nothing_of_ours", "bounced", "bounced", 0, "provider:ses", {"recipient": "x@y.test"}),
    )
    world.deps.store.digest.apply(Batch(submissions=[submission], unmatched=rows, positions={1: JournalPosition(1, 1)}))


def test_a_question_is_shown_to_whose_mail_it_is_about(world: World) -> None:
    fill(world)
    page = world.client(world.alice).get("/unmatched").text
    assert "the answer came from another address than the recipient" in page
    assert "Our &lt;offer&gt;" in page
    assert "<script>alert" not in page
    assert "provider:ses" not in page  # nothing says that it is Alice's


def test_others_do_not_see_the_question(world: World) -> None:
    fill(world)
    assert world.client(world.charlie).get("/unmatched").text.count("question") == 0


@pytest.fixture
def alice(world: World) -> TestClient:
    """At her questions."""
    fill(world)
    return world.client(world.alice)


def test_a_decision_needs_the_forms_token(world: World, alice: TestClient) -> None:
    assert alice.post(f"/unmatched/{id_text(1)}", data={"do": "dismiss"}).status_code == 403
    assert world.appended == []


def _decided(alice: TestClient, number: int, **decision: str) -> Response:
    form = {"csrf": csrf_of(alice.get("/unmatched").text), **decision}
    return alice.post(f"/unmatched/{id_text(number)}", data=form, follow_redirects=False)


def test_assigning_names_a_copy(world: World, alice: TestClient) -> None:
    assert _decided(alice, 1, do="assign").status_code == 400
    assert world.appended == []


def test_what_is_not_shown_is_not_decided_either(world: World, alice: TestClient) -> None:
    assert _decided(alice, 2, do="dismiss").status_code == 404
    assert world.appended == []


def test_a_decision_is_journaled_with_who_made_it(world: World, alice: TestClient) -> None:
    done = _decided(alice, 1, do="assign", to=id_text(770))
    assert done.status_code == 303
    assert done.headers["location"] == "/unmatched?done=assign"
    (record,) = world.appended
    decision = decode_observation(record)
    assert isinstance(decision, Resolved)
    assert decision.unmatched == 1
    assert decision.copy == 770
    assert decision.user == world.alice.id


def test_the_mail_is_shown_as_text(world: World, tmp_path: Path) -> None:
    fill(world)
    Spool(tmp_path / "spool").put(9, b"Subject: x\r\n\r\n<script>alert(1)</script>")
    answer = world.client(world.alice).get(f"/unmatched/{id_text(1)}/mail")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "<script>" in answer.text
    assert world.client(world.charlie).get(f"/unmatched/{id_text(1)}/mail").status_code == 404


def test_a_mail_that_is_no_longer_kept_is_said_to_be_gone(world: World) -> None:
    fill(world)
    answer = world.client(world.alice).get(f"/unmatched/{id_text(1)}/mail")
    assert answer.status_code == 404
    assert "no longer exists" in answer.text


def test_older_ones_are_a_page_away_and_others_do_not_hide_them(world: World) -> None:
    fill(world)
    facts = {"recipient": "x@y.test"}
    others = [
        Unmatched(1000 + n, 100 + n, 0, "nothing_of_ours", "bounced", "bounced", 0, "smtp", facts) for n in range(600)
    ]
    mine = facts | {"message": id_text(MESSAGE)}
    own = [
        Unmatched(100 + n, 60 - n, 0, "ambiguous", f"question {n:02}", "replied", 0, "smtp", mine) for n in range(55)
    ]
    world.deps.store.digest.apply(Batch(unmatched=[*others, *own], positions={1: JournalPosition(1, 2)}))
    alice = world.client(world.alice)
    first = alice.get("/unmatched?find=a%2Bb@y.test").text
    assert first.count('class="card question"') == 50
    assert "question 49" in first
    assert "question 50" not in first
    assert ">Newest<" not in first
    older = re.search(r'href="(/unmatched\?before=[^"]+)" rel="next"', first)
    assert older is not None
    second = alice.get(html.unescape(older[1])).text
    assert second.count('class="card question"') == 6  # five of these, and the one of `fill`
    assert 'value="a+b@y.test"' in second
    assert ">Newest<" in second
    assert ">Older<" not in second
    assert alice.get("/unmatched?before=nonsense").status_code == 404
