"""Looks, topics and rules, on both engines."""

import pytest

from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import TopicPart, TopicSource, Via
from postlude.store import Batch, Link, Message, MessageContent, Store, Submission
from postlude.store.messages.rows import MessageTopic

LOOK = MessageContent(
    words=20, links=1, images=0, designed=False, question=True, emoji=False, personalised=True,
    attachments=("PDF", "picture"),
)  # fmt: skip
ALICE, BOB = 7, 8


def _take(store: Store, message: int, subject: str, user: int = ALICE, url: str = "", **more: object) -> None:
    row = Message(
        id=message, user=user, message_id="", subject=subject, sender="alice@example.org", mail_from="", via=Via.WEB,
        created_at=message,
    )  # fmt: skip
    links = (Link(message, 0, url),) if url else ()
    one = Submission(row, links, (), **more)  # type: ignore[arg-type]  # of a test
    store.digest.apply(Batch(submissions=[one]))


def _names(store: Store, message: int) -> list[str]:
    return [one.name for one in store.content.topics_of([message]).get(message, [])]


def test_a_look_is_kept_and_taking_it_again_changes_nothing(store: Store) -> None:
    for _ in range(2):
        _take(store, 1, "Hello?", content=LOOK, topics=("Spring",))
    assert store.content.looks([1, 2]) == {1: LOOK}
    assert store.content.topics_of([1, 2]) == {1: [MessageTopic("Spring", TopicSource.CAMPAIGN)]}
    assert [one.id for one in store.content.newest(ALICE, 5, 10)] == [1]
    assert store.content.newest(BOB, 5, 10) == []


def test_what_was_not_looked_at_is_found_and_looked_at_later(store: Store) -> None:
    _take(store, 1, "Hello")
    assert [one.id for one in store.content.unseen(0, 5)] == [1]
    store.content.note(1, LOOK)
    assert store.content.unseen(0, 5) == []
    assert store.content.looks([1]) == {1: LOOK}


@pytest.mark.parametrize(
    ("part", "holds", "wanted"),
    [
        (TopicPart.SUBJECT, "SALE", [1]),
        (TopicPart.LINK, "/jobs", [2]),
        (TopicPart.SENDER, "alice@", [1, 2]),
        (TopicPart.SUBJECT, "100%", []),
    ],
)
def test_a_rule_gives_its_topic_to_what_was_sent_and_to_what_comes(
    store: Store, part: TopicPart, holds: str, wanted: list[int]
) -> None:
    _take(store, 1, "Spring sale")
    _take(store, 2, "We are hiring", url="https://example.org/jobs")
    _take(store, 3, "Spring sale at Bob's", BOB, url="https://example.org/jobs")
    _, count = store.content.add_rule(ALICE, "Topic", part, holds)
    assert count == len(wanted)
    _take(store, 11, "Spring sale")
    _take(store, 12, "We are hiring", url="https://example.org/jobs")
    _take(store, 13, "Spring sale at Bob's", BOB, url="https://example.org/jobs")
    having = [number for number in (1, 2, 3, 11, 12, 13) if _names(store, number)]
    assert having == [*wanted, *(number + 10 for number in wanted)]


def test_a_rule_that_ends_takes_its_topics_back(store: Store) -> None:
    _take(store, 1, "Spring sale", topics=("Prices",))
    rule, _ = store.content.add_rule(ALICE, "Sale", TopicPart.SUBJECT, "sale")
    assert _names(store, 1) == ["Prices", "Sale"]
    with pytest.raises(NotFoundError):
        store.content.remove_rule(BOB, rule.id)
    store.content.remove_rule(ALICE, rule.id)
    assert _names(store, 1) == ["Prices"]
    assert store.content.rules(ALICE) == []


def test_topics_by_hand_are_exactly_those(store: Store) -> None:
    _take(store, 1, "Spring sale", topics=("Prices", "Spring"))
    store.content.set_topics([1], ["spring", "Garden"])
    assert store.content.topics_of([1])[1] == [
        MessageTopic("Garden", TopicSource.HAND),
        MessageTopic("Spring", TopicSource.CAMPAIGN),
    ]
    assert [(one.name, one.messages) for one in store.content.topics(ALICE)] == [("Garden", 1), ("Spring", 1)]
    store.content.set_topics([1], [])
    assert _names(store, 1) == []


@pytest.mark.parametrize(("topic", "holds"), [("", "sale"), ("Sale", " ")])
def test_a_rule_says_something(store: Store, topic: str, holds: str) -> None:
    with pytest.raises(InputError):
        store.content.add_rule(ALICE, topic, TopicPart.SUBJECT, holds)
