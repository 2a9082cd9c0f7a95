"""`postlude campaigns`: made, looked at, sent, followed up."""

from importlib import import_module
from typing import Final

import click

# Name -> module. A module is imported only when its command is used.
_COMMANDS: Final = {
    "create": "edit",
    "change": "edit",
    "copy": "edit",
    "delete": "edit",
    "follow-up": "edit",
    "list": "show",
    "show": "show",
    "check": "show",
    "preview": "show",
    "report": "show",
    "compare": "compare",
    "files": "hosted_files",
    "test": "send",
    "schedule": "send",
    "send": "send",
    "pause": "send",
    "resume": "send",
    "cancel": "send",
    "winner": "send",
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
        found = import_module(f"postlude.cli.campaigns.{_COMMANDS[cmd_name]}").commands[cmd_name]
        assert isinstance(found, click.Command)
        return found


@click.group(cls=_Group)
def command() -> None:
    """Send mailings: draft, check, test, send, report.

    CAMPAIGN is a name, an id or the beginning of an id. Scheduled campaigns are sent while the app process runs
    (`postlude up`).
    """
