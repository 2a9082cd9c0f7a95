"""`postlude insight`: what people respond to, topics, and the rules that give them."""

from typing import Any, Final

import click

from postlude.app.build.campaigns import campaign_services
from postlude.app.commands.stores import open_store_of
from postlude.cli.choices import one_of
from postlude.cli.output import print_json, print_table
from postlude.cli.whose import user_or_first
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.model.words import TopicPart
from postlude.services.campaigns.drafts import find_campaign
from postlude.services.campaigns.past_content import look_at_past
from postlude.services.reports.insight import (
    ContentInsight,
    ResponseKind,
    certainty_words,
    content_insight,
    trait_words,
)
from postlude.services.reports.topics import change_topics, end_rule, read_topics, start_rule
from postlude.store import Store

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_USER: Final = click.option("--user", default="", help="Whose mail. Default: the first user's.")


@click.group(invoke_without_command=True)
@click.option(
    "--response",
    type=one_of(ResponseKind),
    default=ResponseKind.CLICKED.value,
    show_default=True,
    help="What people do.",
)
@_USER
@_JSON
@click.pass_context
def command(context: click.Context, response: str, user: str, as_json: bool) -> None:
    """Show which topics and which content go with more responses by people, everything else alike."""
    if context.invoked_subcommand is not None:
        return
    with open_store_of(load()) as store:
        found = content_insight(store, user_or_first(store, user), ResponseKind(response), SystemClock().now())
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(insight: ContentInsight) -> None:
    found = insight.found
    click.echo(
        f"{found.messages:,} messages with {found.copies:,} delivered copies: "
        f"{100 * found.usual:.2f} % {insight.response.value}"
    )
    if not found.effects:
        return
    rows = [["message", "verdict", "rate becomes", "95 %", "messages", "copies"]]
    for one in found.effects:
        told = one.certainty != "little"
        rate = f"{100 * one.rate:.2f} %" if told else "-"
        between = f"{100 * one.rate_low:.2f} to {100 * one.rate_high:.2f} %" if told else "-"
        rows.append([trait_words(one), certainty_words(one), rate, between, f"{one.messages:,}", f"{one.copies:,}"])
    print_table(rows)


@command.command()
@click.argument("of")
@click.argument("names", nargs=-1)
@click.option("--none", "remove", is_flag=True, help="Take all topics away.")
@_JSON
def topics(of: str, names: tuple[str, ...], remove: bool, as_json: bool) -> None:
    """Show what a message or campaign is about, or say it: its topics are then exactly NAMES."""
    with open_store_of(load()) as store:
        messages = _messages(store, of)
        if names or remove:
            change_topics(store, messages, read_topics(",".join(names)))
        found = store.content.topics_of(messages[:1]).get(messages[0], [])
    if as_json:
        print_json({"topics": found})
    else:
        click.echo("\n".join(f"{one.name} (by {one.source.value})" for one in found) or "no topics")


@command.command()
@_USER
@_JSON
def rules(user: str, as_json: bool) -> None:
    """Show the rules that give topics, and how many messages have each topic."""
    with open_store_of(load()) as store:
        owner = user_or_first(store, user)
        found, counts = store.content.rules(owner), store.content.topics(owner)
    if as_json:
        rows = [_rule(one.id, topic=one.topic, part=one.part.value, holds=one.holds) for one in found]
        print_json({"rules": rows, "topics": counts})
        return
    print_table([[id_text(one.id), one.topic, f"{one.part.value} holds {one.holds!r}"] for one in found])
    print_table([[one.name, f"{one.messages:,} messages"] for one in counts])


@command.command("add-rule")
@click.argument("topic")
@click.argument("part", type=one_of(TopicPart))
@click.argument("holds")
@_USER
def add_rule(topic: str, part: str, holds: str, user: str) -> None:
    """Give TOPIC to every message whose PART holds a text, those sent before and those to come."""
    with open_store_of(load()) as store:
        rule, count = start_rule(store, user_or_first(store, user), topic, TopicPart(part), holds)
    click.echo(f"{id_text(rule.id)} gives {rule.topic!r} to {count:,} messages so far")


@command.command("remove-rule")
@click.argument("rule")
@_USER
def remove_rule(rule: str, user: str) -> None:
    """End a rule and take back the topics it gave."""
    with open_store_of(load()) as store:
        end_rule(store, user_or_first(store, user), parse_id(rule) or 0)
    click.echo("removed")


@command.command()
def look() -> None:
    """Look at messages that were sent before Postlude kept what it finds by looking."""
    with campaign_services(load()) as services:
        seen, gone = look_at_past(services.store, services.contents, services.parts.folder.outgoing_mail())
    click.echo(f"{seen:,} messages looked at, {gone:,} cannot be read any more")


def _rule(rule: int, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"id": id_text(rule), **values}


def _messages(store: Store, of: str) -> list[int]:
    """A message by its id, with all variants of its campaign; else a campaign as people name it."""
    number = parse_id(of)
    campaign = None if number is None else store.campaigns.of_message(number)
    if campaign is None:
        try:
            if number is not None:
                return [store.messages.get(number).id]
        except NotFoundError:
            pass  # a campaign has that id
        campaign = find_campaign(store, of).id
    return store.campaigns.messages_of([campaign])[campaign]
