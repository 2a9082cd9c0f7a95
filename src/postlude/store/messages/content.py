"""What messages are made of and about, and what became of each: read by the message, never by the copy or event."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, select

from postlude.kit.ids import new_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import TopicPart, TopicSource
from postlude.store.base import TopicQueries, as_struct, chunks, insert_into, named, storable
from postlude.store.messages.rows import Message, MessageContent, MessageTopic, Submission, TopicRule
from postlude.store.messages.tables import links, message_content, message_topics, messages, topic_rules

_PART = 500


class TopicCount(msgspec.Struct, frozen=True):
    """A topic and how many messages have it."""

    name: str
    messages: int


class ContentQueries(TopicQueries):
    """Looks, topics and rules."""

    def newest(self, user: int, before: int, limit: int) -> list[Message]:
        """A user's messages that were accepted before a moment, the newest first, that have been looked at."""
        joined = messages.join(message_content, message_content.c.message == messages.c.id)
        mine = messages.c.user == user, messages.c.created_at < before
        query = select(messages).select_from(joined).where(*mine).order_by(messages.c.created_at.desc()).limit(limit)
        with self._database.read() as connection:
            return [as_struct(Message, row) for row in connection.execute(query)]

    def looks(self, wanted: Iterable[int]) -> dict[int, MessageContent]:
        """What was found by looking at these messages; those not looked at are absent."""
        found = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(message_content).where(message_content.c.message.in_(some))
                found.update({row.message: _content(row._mapping) for row in connection.execute(query)})  # noqa: SLF001 - public in spite of its name
        return found

    def unseen(self, after: int, limit: int) -> list[Message]:
        """Messages that were never looked at, in the order of their ids."""
        joined = messages.outerjoin(message_content, message_content.c.message == messages.c.id)
        query = select(messages).select_from(joined).where(messages.c.id > after, message_content.c.message.is_(None))
        with self._database.read() as connection:
            return [as_struct(Message, row) for row in connection.execute(query.order_by(messages.c.id).limit(limit))]

    def note(self, message: int, content: MessageContent) -> None:
        """Keep what was found by looking at a message later."""
        with self._database.write() as connection:
            connection.execute(self._insert(message_content).on_conflict_do_nothing(), [_row(message, content)])

    def topics_of(self, wanted: Iterable[int]) -> dict[int, list[MessageTopic]]:
        """The topics of these messages, by name; messages without any are absent."""
        found: dict[int, list[MessageTopic]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(message_topics).where(message_topics.c.message.in_(some))
                for row in connection.execute(query.order_by(message_topics.c.message, message_topics.c.key)):
                    topic = MessageTopic(row.name, TopicSource(row.source), row.rule)
                    found.setdefault(row.message, []).append(topic)
        return found

    def topics(self, user: int) -> list[TopicCount]:
        """Every topic of a user's messages, by name."""
        joined = message_topics.join(messages, messages.c.id == message_topics.c.message)
        query = select(func.min(message_topics.c.name), func.count()).select_from(joined)
        query = query.where(messages.c.user == user).group_by(message_topics.c.key).order_by(message_topics.c.key)
        with self._database.read() as connection:
            return [TopicCount(*row) for row in connection.execute(query)]

    def set_topics(self, of: Sequence[int], names: Iterable[str]) -> None:
        """These messages have exactly these topics; what was not there before was given by hand."""
        wanted = {name.lower(): name for name in (named(one, "topic") for one in names)}
        with self._database.write() as connection:
            gone = message_topics.c.message.in_(of), message_topics.c.key.not_in(list(wanted))
            connection.execute(delete(message_topics).where(*gone))
            _add_topics(
                connection, ((message, name, TopicSource.HAND, 0) for message in of for name in wanted.values())
            )

    def rules(self, user: int) -> list[TopicRule]:
        """A user's rules, by topic."""
        query = select(topic_rules).where(topic_rules.c.user == user).order_by(topic_rules.c.topic, topic_rules.c.id)
        with self._database.read() as connection:
            return [as_struct(TopicRule, row) for row in connection.execute(query)]

    def add_rule(self, user: int, topic: str, part: TopicPart, holds: str) -> tuple[TopicRule, int]:
        """Keep a rule and give its topic to what was sent before; the rule, and to how many messages."""
        text = storable(holds.strip())
        if not text:
            raise InputError("a rule needs a text to look for")
        rule = TopicRule(id=new_id(), user=user, topic=named(topic, "topic"), part=part, holds=text)
        with self._database.write() as connection:
            connection.execute(topic_rules.insert(), msgspec.to_builtins(rule))
            for some in _every(connection, user, part):
                _add_topics(connection, _given(some, {user: [rule]}))
            count = select(func.count()).select_from(message_topics).where(message_topics.c.rule == rule.id)
            return rule, int(connection.execute(count).scalar_one())

    def remove_rule(self, user: int, rule: int) -> None:
        """End a rule and take back the topics it gave; NotFoundError when the user has no such rule."""
        with self._database.write() as connection:
            mine = topic_rules.c.id == rule, topic_rules.c.user == user
            if not connection.execute(delete(topic_rules).where(*mine)).rowcount:
                raise NotFoundError(f"you have no rule with the id {rule:016x}")
            connection.execute(delete(message_topics).where(message_topics.c.rule == rule))


def note_content(connection: Connection, taken: Sequence[Submission]) -> None:
    """Keep looks and topics of messages that are taken, in their transaction; taking one again changes nothing."""
    rows = [_row(one.message.id, one.content) for one in taken if one.content is not None]
    if rows:
        connection.execute(insert_into(connection.dialect, message_content).on_conflict_do_nothing(), rows)
    own = ((one.message.id, name, TopicSource.CAMPAIGN, 0) for one in taken for name in one.topics)
    _add_topics(connection, own)
    rules: dict[int, list[TopicRule]] = {}
    for row in connection.execute(select(topic_rules)):
        rule = as_struct(TopicRule, row)
        rules.setdefault(rule.user, []).append(rule)
    if rules:
        looked = [(one.message, [link.url for link in one.links]) for one in taken]
        _add_topics(connection, _given(looked, rules))


_Looked = tuple[Message, Sequence[str]]
_Given = tuple[int, str, TopicSource, int]


def _given(looked: Iterable[_Looked], rules: Mapping[int, Sequence[TopicRule]]) -> Iterable[_Given]:
    for message, urls in looked:
        for rule in rules.get(message.user, ()):
            if _holds(rule, message, urls):
                yield message.id, rule.topic, TopicSource.RULE, rule.id


def _holds(rule: TopicRule, message: Message, urls: Sequence[str]) -> bool:
    texts = {TopicPart.SUBJECT: [message.subject], TopicPart.SENDER: [message.sender], TopicPart.LINK: urls}
    wanted = rule.holds.casefold()
    return any(wanted in text.casefold() for text in texts[rule.part])


def _every(connection: Connection, user: int, part: TopicPart) -> Iterable[list[_Looked]]:
    """All messages of a user with their links' addresses, where the rule asks for them, a part at a time."""
    after = 0
    while True:
        mine = messages.c.user == user, messages.c.id > after
        rows = connection.execute(select(messages).where(*mine).order_by(messages.c.id).limit(_PART)).all()
        if not rows:
            return
        after = rows[-1].id
        found = [as_struct(Message, row) for row in rows]
        urls: dict[int, list[str]] = {}
        if part is TopicPart.LINK:
            query = select(links.c.message, links.c.url).where(links.c.message.in_([one.id for one in found]))
            for message, url in connection.execute(query):
                urls.setdefault(message, []).append(url)
        yield [(one, urls.get(one.id, ())) for one in found]


def _add_topics(connection: Connection, given: Iterable[_Given]) -> None:
    rows = [
        {"message": message, "key": name.lower(), "name": storable(name), "source": source.value, "rule": rule}
        for message, name, source, rule in given
    ]
    if rows:
        connection.execute(insert_into(connection.dialect, message_topics).on_conflict_do_nothing(), rows)


def _content(row: Any) -> MessageContent:  # noqa: ANN401 - a row's mapping
    values = {name: row[name] for name in MessageContent.__struct_fields__}
    return MessageContent(**values | {"attachments": tuple(part for part in row["attachments"].split(",") if part)})


def _row(message: int, content: MessageContent) -> dict[str, Any]:
    return msgspec.structs.asdict(content) | {"message": message, "attachments": ",".join(content.attachments)}
