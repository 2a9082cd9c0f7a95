"""Every command is recorded or says why not."""

from collections.abc import Iterator

import click
import pytest

from postlude.cli.command_audit import RECORDED, RECORDED_IF_WRITTEN, UNRECORDED, UndeclaredCommandError, recorded
from postlude.cli.main import COMMANDS, cli


def _leaves(command: click.Command, path: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        yield from _leaves(below, f"{path} {name}".strip())


def test_every_command_is_in_exactly_one_list() -> None:
    listed = [*RECORDED, *RECORDED_IF_WRITTEN, *(name for names in UNRECORDED.values() for name in names)]
    assert sorted(listed) == sorted(_leaves(cli, ""))


def test_a_command_is_wrapped_once() -> None:
    command = cli.get_command(click.Context(cli), "resend")
    assert command is not None
    before = command.callback
    assert recorded("resend", command).callback is before
    assert "resend" in COMMANDS


def test_a_command_in_no_list_does_not_start() -> None:
    with pytest.raises(UndeclaredCommandError, match="user fly"):
        recorded("user fly", click.Command("fly"))
