"""`postlude campaigns`: made, looked at, sent, followed up."""

from importlib import import_module
from typing import Final

import click

# Name -> module. A module is imported only when its command is used.
_COMMANDS: Final = {
    "create": "campaigns_edit",
    "change": "campaigns_edit",
    "copy": "campaigns_edit",
    "delete": "campaigns_edit",
    "follow-up": "campaigns_edit",
    "list": "campaigns_show",
    "show": "campaigns_show",
    "check": "campaigns_show",
    "preview": "campaigns_show",
    "report": "campaigns_show",
    "test": "campaigns_send",
    "schedule": "campaigns_send",
    "send": "campaigns_send",
    "pause": "campaigns_send",
    "resume": "campaigns_send",
    "cancel": "campaigns_send",
    "winner": "campaigns_send",
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of a campaign's life."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        found = import_module(f"postlude.cli.{_COMMANDS[cmd_name]}").commands[cmd_name]
        assert isinstance(found, click.Command)
        return found


@click.group(cls=_Group)
def command() -> None:
    """Send a mailing: a draft, its checks, a test to yourself, then to its audience, and what became of it.

    A campaign is named by its name, its id or the beginning of its id. What is scheduled leaves while the app
    process runs (`postlude up`), whichever command or page scheduled it.
    """
