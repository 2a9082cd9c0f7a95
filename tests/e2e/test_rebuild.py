"""`postlude rebuild` beside the running app and without it."""

from collections.abc import Callable

from servers.postlude import Postlude


def test_it_works_beside_the_app_and_alone(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    done = running.run("rebuild", "--json")
    assert done.code == 0
    assert done.json["running"] is False
    assert done.json["total"] == 0
    running.stop()
    done = running.run("rebuild")
    assert done.code == 0
    assert done.out.startswith("0 copies made anew from 0 events in ")
