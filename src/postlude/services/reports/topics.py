"""What messages are about: topics as people type them, and the rules that give them."""

from collections.abc import Sequence
from typing import Final

from postlude.model.errors import InputError
from postlude.model.words import TopicPart
from postlude.store import Store
from postlude.store.messages.rows import TopicRule

MOST_TOPICS: Final = 20
"""Of one message."""
LONGEST_TOPIC: Final = 60


def read_topics(text: str) -> tuple[str, ...]:
    """Topics with commas between, each once in whatever case; InputError when they are too many or too long."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name = " ".join(part.split())
        if name:
            found.setdefault(name.lower(), name)
    if len(found) > MOST_TOPICS:
        raise InputError(
            f"{len(found)} topics, at most {MOST_TOPICS} are told apart; name what it is about in few words"
        )
    for name in found.values():
        if len(name) > LONGEST_TOPIC:
            raise InputError(f"the topic {name[:20]!r}... has {len(name)} letters, at most {LONGEST_TOPIC} are kept")
    return tuple(found.values())


def change_topics(store: Store, messages: Sequence[int], names: Sequence[str]) -> None:
    """These messages have exactly these topics from now on."""
    store.content.set_topics(messages, names)


def start_rule(store: Store, user: int, topic: str, part: TopicPart, holds: str) -> tuple[TopicRule, int]:
    """Give a topic to what holds a text; the rule, and how many messages have the topic by it already."""
    name = " ".join(topic.replace(",", " ").split())
    return store.content.add_rule(user, next(iter(read_topics(name)), ""), part, holds)


def end_rule(store: Store, user: int, rule: int) -> None:
    """End a rule and take back what it gave; NotFoundError when the user has none with that id."""
    store.content.remove_rule(user, rule)
