"""`postlude reclassify` beside the running app and without it."""

from collections.abc import Callable

from postlude.classify import RULES_VERSION
from servers.postlude import Postlude


def test_it_works_beside_the_app_and_alone(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    done = running.run("reclassify", "--json")
    assert done.code == 0
    assert done.json["running"] is False
    assert done.json["total"] == 0
    running.stop()
    done = running.run("reclassify")
    assert done.code == 0
    assert done.out == f"nothing to do: every event was judged by rules {RULES_VERSION}\n"
