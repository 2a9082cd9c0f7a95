"""What calls share, and what is a call's own."""

from .conftest import ApiWorld


def test_calls_that_wait_are_counted_for_each_api(world: ApiWorld) -> None:
    world.deps.waiting[world.alice.id] += 1
    assert world.with_deps(waiting=type(world.deps.waiting)()).deps.waiting[world.alice.id] == 0


def test_a_call_sees_what_the_user_of_its_key_sent(world: ApiWorld) -> None:
    assert world.client(user=world.charlie).get("/v1/messages").json()["messages"] == []
