"""Options that take one word of a list take the words of the docs: values, not the names of members."""

from collections.abc import Iterator
from enum import Enum

import click
import pytest

from postlude.cli.main import cli
from postlude.model.words import CampaignStatus, WinnerRule


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))


def test_no_option_takes_the_names_of_members() -> None:
    choices = [
        (path, option.name, option.type.choices)
        for path, command in commands(cli)
        for option in command.params
        if isinstance(option.type, click.Choice)
    ]
    assert choices
    assert [one for one in choices if any(isinstance(each, Enum) for each in one[2])] == []


def option(path: tuple[str, ...], name: str) -> click.Parameter:
    found = dict(commands(cli))[path]
    return next(one for one in found.params if name in one.opts)


@pytest.mark.parametrize(
    ("path", "name", "words"),
    [
        (("campaigns", "follow-up"), "--to", ["not-opened"]),
        (("campaigns", "change"), "--winner", [one.value for one in WinnerRule]),
        (("campaigns", "list"), "--status", [one.value for one in CampaignStatus]),
    ],
)
def test_the_words_of_the_docs_are_taken(path: tuple[str, ...], name: str, words: list[str]) -> None:
    wanted = option(path, name)
    for word in words:
        assert wanted.type.convert(word, wanted, None) == word
