"""The queue on the command line."""

import json
from typing import Any

import pytest

from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.model.observation import encode_observation
from postlude.services.feedback.review_queue import Question, decide_question, questions
from postlude.store import Copy
from postlude.tokens import TagPurpose
from servers.commands import Done
from servers.commands import run as run_command

from .conftest import BOB, EVE, World
from .example_mails import dsn, reply


def run(world: World, *arguments: str) -> Done:
    return run_command("feedback", *arguments, settings={"data": world.parts.settings.data})


@pytest.fixture
def copy(world: World) -> Copy:
    """Bob's, which an answer from another address is about."""
    (copy,) = world.sent(BOB)
    world.returned(reply("bob@private.test"), world.tag(copy, TagPurpose.REPLY))
    return copy


@pytest.fixture
def waiting(world: World, copy: Copy) -> dict[str, dict[str, Any]]:
    """What the command lists, by kind: the answer to that copy, and a bounce of somebody else's mail."""
    assert copy.recipient == BOB
    world.returned(dsn(EVE), "abuse@sender.test")
    rows = json.loads(run(world, "unmatched", "--json").out)["unmatched"]
    return {row["kind"]: row for row in rows}


def test_what_fits_nothing_is_listed_with_the_reason(waiting: dict[str, dict[str, Any]], copy: Copy) -> None:
    assert waiting["replied"]["reason"] == "other_sender"
    assert waiting["replied"]["copy"] == id_text(copy.id)
    assert waiting["bounced"]["reason"] == "nothing_of_ours"


def test_an_answer_is_assigned(world: World, waiting: dict[str, dict[str, Any]], copy: Copy) -> None:
    done = run(world, "assign", waiting["replied"]["id"], BOB)
    assert done.code == 0, done.err
    assert "assigned to" in done.out
    world.digest.catch_up()
    assert world.view(copy).replied_at


def test_what_was_decided_is_listed_no_more(world: World, waiting: dict[str, dict[str, Any]]) -> None:
    run(world, "assign", waiting["replied"]["id"], BOB)
    run(world, "dismiss", waiting["bounced"]["id"])
    world.digest.catch_up()
    assert "nothing to decide" in run(world, "unmatched").out
    states = {row["state"] for row in json.loads(run(world, "unmatched", "--state", "all", "--json").out)["unmatched"]}
    assert states == {"assigned", "dismissed"}


def test_it_is_decided_once(world: World, waiting: dict[str, dict[str, Any]]) -> None:
    run(world, "dismiss", waiting["bounced"]["id"])
    world.digest.catch_up()
    again = run(world, "dismiss", waiting["bounced"]["id"])
    assert again.code == 2
    assert "already dismissed" in again.err


def test_what_cannot_be_assigned_is_refused(world: World, waiting: dict[str, dict[str, Any]]) -> None:
    assert run(world, "assign", "zzz", BOB).code == 2
    assert run(world, "assign", waiting["bounced"]["id"], "nobody@nowhere.test").code == 6


@pytest.fixture
def asked(world: World, copy: Copy) -> Question:
    """What Alice is asked about Bob's copy; there is a bounce of nobody's mail as well."""
    world.returned(dsn(EVE), "abuse@sender.test")
    [mine] = questions(world.store, world.user, world.parts.clock).questions
    assert mine.linked is not None
    assert mine.linked.recipient == copy.recipient
    return mine


@pytest.mark.usefixtures("asked")
def test_the_owner_is_asked_about_all_mail(world: World) -> None:
    owner = world.store.accounts.create_user("owner@sender.test", senders=("*",))
    assert len(questions(world.store, owner, world.parts.clock).questions) == 2


def test_each_user_decides_about_their_own_mail(world: World, asked: Question, copy: Copy) -> None:
    clock, charlie = world.parts.clock, world.store.accounts.create_user("charlie@sender.test")
    assert questions(world.store, charlie, clock).questions == ()
    with pytest.raises(NotFoundError):
        decide_question(world.store, charlie, clock, asked.row.id, copy.id)


def test_a_question_is_decided_once(world: World, asked: Question, copy: Copy) -> None:
    clock = world.parts.clock
    decision = decide_question(world.store, world.user, clock, asked.row.id, copy.id)
    world.journal.append_blocking(encode_observation(decision))
    world.digest.catch_up()
    with pytest.raises(InputError, match="already assigned"):
        decide_question(world.store, world.user, clock, asked.row.id, 0)


def test_the_addresses_providers_call(world: World) -> None:
    _, out, _ = run(world, "hooks", "--json")
    hooks = {row["provider"]: row for row in json.loads(out)["hooks"]}
    assert len(hooks) == 9
    assert hooks["sendgrid"]["url"] == world.address("sendgrid")
    assert hooks["sendgrid"]["setting"] == "POSTLUDE_SENDGRID_KEY"
    assert hooks["sendgrid"]["set"] is False
    assert hooks["ses"]["setting"] == ""
