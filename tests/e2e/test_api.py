"""The API of a running instance: a mail handed in, followed by the feed, and once whatever is killed."""

import json
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from servers.postlude import Postlude
from servers.waiting import wait_for

ROUNDS = 4
OUTCOMES = {"sent", "indeterminate"}
MAIL = {"to": ["bob@example.net"], "subject": "Order", "html": "<p><a href='https://example.com/'>See</a></p>"}


class Program:
    """A program with a key of the first user."""

    def __init__(self, running: Postlude) -> None:
        self._running = running
        self.user = str(running.run("user", "list", "--json").json[0]["login"])
        made = running.run("api-key", "new", self.user, "test", "--json")
        assert made.code == 0, made
        self._key = str(made.json["secret"])

    def call(self, path: str, body: dict[str, Any] | None = None, name: str = "") -> Any:
        """The answer; OSError when there is none."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": name} if name else {}
        data = None if body is None else json.dumps(body | {"from": self.user}).encode()
        request = urllib.request.Request(f"{self._running.web_url}/v1{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def events(self, outcomes: int) -> list[dict[str, Any]]:
        """All events, once so many messages were handed over, or may have been when something was killed."""
        found: list[dict[str, Any]] = []
        after = [""]

        def enough() -> bool:
            page = self.call(f"/events?wait=5&after={after[0]}")
            found.extend(page["events"])
            after[0] = page["cursor"]
            return len({event["message"] for event in found if event["type"] in OUTCOMES}) >= outcomes

        wait_for("the events", enough, 60)
        return found


def test_a_mail_and_what_became_of_it(postlude: Callable[..., Postlude]) -> None:
    program = Program(postlude())
    answer = program.call("/messages", MAIL)
    events = program.events(1)
    assert {event["message"] for event in events} == {answer["message"]}
    assert events[0]["type"] == "queued"
    message = program.call(f"/messages/{answer['message']}")
    assert message["via"] == "api"
    assert message["copies"][0]["recipient"] == "bob@example.net"
    assert message["links"][0]["tracked"] is True


def test_a_call_that_is_killed_and_repeated_is_one_message(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    program = Program(running)
    ids = []
    for number in range(ROUNDS):
        body = MAIL | {"subject": f"Order {number}", "text": "x" * (number * 100_000)}
        killing = threading.Timer(0.003 * number, running.kill)
        killing.start()
        with suppress(OSError):  # refused, reset, or cut off
            while killing.is_alive():
                program.call("/messages", body, f"order-{number}")
        killing.join()
        running.start()
        ids.append(program.call("/messages", body, f"order-{number}")["message"])
    kinds = [(event["message"], event["type"]) for event in program.events(ROUNDS)]
    assert sorted(message for message, kind in kinds if kind == "queued") == sorted(ids)
    assert len(set(ids)) == ROUNDS
    assert len([kind for _, kind in kinds if kind == "sent"]) <= ROUNDS
