"""The queue on the command line."""

import json

import pytest

from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.model.observation import encode
from postlude.services.feedback.review_queue import decide, questions
from postlude.tokens import TagPurpose
from servers.commands import Done
from servers.commands import run as run_command

from .conftest import ALICE, BOB, EVE, World
from .example_mails import dsn, reply


def run(world: World, *arguments: str) -> Done:
    return run_command("feedback", *arguments, settings={"data": world.parts.settings.data})


def test_listed_assigned_and_dismissed_on_the_command_line(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply("bob@private.test"), world.tag(copy, TagPurpose.REPLY))
    world.returned(dsn(EVE), "abuse@sender.test")
    _, out, _ = run(world, "unmatched", "--json")
    rows = {row["kind"]: row for row in json.loads(out)["unmatched"]}
    assert rows["replied"]["reason"] == "other_sender"
    assert rows["replied"]["copy"] == id_text(copy.id)
    assert rows["bounced"]["reason"] == "nothing_of_ours"

    code, out, err = run(world, "assign", rows["replied"]["id"], BOB)
    assert code == 0, err
    assert "assigned to" in out, err
    assert run(world, "dismiss", rows["bounced"]["id"])[0] == 0
    world.digest.catch_up()
    assert world.view(copy).replied_at
    assert "nothing to decide" in run(world, "unmatched")[1]
    states = {row["state"] for row in json.loads(run(world, "unmatched", "--state", "all", "--json")[1])["unmatched"]}
    assert states == {"assigned", "dismissed"}

    code, _, err = run(world, "dismiss", rows["bounced"]["id"])
    assert code == 2
    assert "already dismissed" in err
    assert run(world, "assign", "zzz", BOB)[0] == 2
    assert run(world, "assign", rows["bounced"]["id"], "nobody@nowhere.test")[0] == 6


def test_each_user_decides_about_their_own_mail_and_the_owner_about_all(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply("bob@private.test"), world.tag(copy, TagPurpose.REPLY))
    world.returned(dsn(EVE), "abuse@sender.test")
    charlie = world.store.accounts.create_user("charlie@sender.test")
    owner = world.store.accounts.create_user("owner@sender.test", senders=("*",))
    clock = world.parts.clock
    mine = questions(world.store, world.user, clock).questions
    assert [(one.row.kind, one.linked is not None and one.linked.recipient) for one in mine] == [("replied", BOB)]
    assert questions(world.store, charlie, clock).questions == ()
    assert len(questions(world.store, owner, clock).questions) == 2
    with pytest.raises(NotFoundError):
        decide(world.store, charlie, clock, mine[0].row.id, copy.id)
    world.journal.append_blocking(encode(decide(world.store, world.user, clock, mine[0].row.id, copy.id)))
    world.digest.catch_up()
    with pytest.raises(InputError, match="already assigned"):
        decide(world.store, world.user, clock, mine[0].row.id, 0)
    assert world.user.address == ALICE


def test_the_addresses_providers_call(world: World) -> None:
    _, out, _ = run(world, "hooks", "--json")
    hooks = {row["provider"]: row for row in json.loads(out)["hooks"]}
    assert len(hooks) == 9
    assert hooks["sendgrid"]["url"] == world.address("sendgrid")
    assert hooks["sendgrid"]["setting"] == "POSTLUDE_SENDGRID_KEY"
    assert hooks["sendgrid"]["set"] is False
    assert hooks["ses"]["setting"] == ""
