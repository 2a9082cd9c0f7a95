"""The `postlude` command: finds the sub-command's module and turns errors into messages and exit codes."""

import os
import sys
from importlib import import_module
from typing import Final

import click

from postlude import __version__
from postlude.cli.command_audit import recorded
from postlude.kit.file_trouble import about_a_file, file_trouble
from postlude.model.errors import PostludeError, StorageError

# Name -> (module, one line for the list). A module is imported only when its command is used: `postlude links`
# must not pay for the database.
COMMANDS: Final = {
    "up": ("server.up", "Run everything on this machine: web app, edge, relay, inbound."),
    "send": ("messages.send", "Send a message file, tracked, one copy per recipient."),
    "sendmail": ("messages.sendmail", "A drop-in for /usr/sbin/sendmail."),
    "user": ("accounts.user", "Who may send: logins, app passwords, From addresses, limits."),
    "audit": ("accounts.audit", "Who did what, when and from where: list, export."),
    "api-key": ("accounts.api_key", "Keys of programs for the HTTP API."),
    "sender": ("accounts.sender", "What is set for an address or domain that mail is sent from."),
    "resend": ("messages.resend", "Send copies again whose outcome is indeterminate, refused or expired."),
    "timeline": ("messages.timeline", "Show what became of a message or of all mail to an address."),
    "contacts": ("contacts.contacts", "Add, find, change, import and export contacts."),
    "lists": ("contacts.lists", "Create and change the lists that contacts subscribe to."),
    "suppressions": ("contacts.suppressions", "Manage the addresses that must not be mailed."),
    "segment": ("segments.ask", "Explain an expression and count the contacts it chooses."),
    "segments": ("segments.saved", "Keep expressions under names, for audiences."),
    "campaigns": ("campaigns.group", "Create, check, test, send and follow up mailings."),
    "insight": ("reports.insight", "Show which topics and content people respond to."),
    "reports": ("reports.by_mail", "Have reports sent by mail to users of this Postlude."),
    "export": ("reports.export", "Write events, copies, reports, contacts as CSV, XLSX or Parquet."),
    "check": ("server.check", "Explain what is misconfigured and how to correct it."),
    "doctor": ("server.doctor", "Verify every checksum of the stored data."),
    "resume-sending": ("server.sending", "Resume sending after a backup was restored."),
    "hold-sending": ("server.sending", "Pause all sending until `resume-sending`."),
    "keys": ("server.keys", "Rotate the keys of tokens and sessions; show which there are."),
    "domain": ("server.domain", "Create DKIM keys for your domains; print and check their DNS records."),
    "demo": ("server.demo", "Fill an empty instance with an example of two months, or take it away again."),
    "simulate": ("server.simulate", "Send to simulated recipients and compare the verdicts with the truth."),
    "sign-in": ("accounts.sign_in", "Print a link that signs you in to the web app."),
    "instrument": ("messages.instrument", "Print a message file as it would be sent, with pixel and tracked links."),
    "links": ("messages.links", "List a message file's links and show which would be tracked."),
    "link": ("messages.link", "Stop or replace a link in mail that was already sent."),
    "privacy": ("contacts.privacy", "Show or erase what is stored about one recipient, or stop recording it."),
    "networks": ("server.networks", "Show or replace the network lists that verdicts are based on."),
    "reclassify": ("server.reclassify", "Judge the whole history again with this version's rules."),
    "rebuild": ("server.rebuild", "Make all counts anew from the history."),
    "feedback": ("feedback.parse", "Read bounces, complaints and replies from files."),
    "settings": ("server.settings", "List every setting, its value and where to set it."),
    "app": ("server.processes", "Run the app process alone: web, digest, sender."),
    "edge": ("server.processes", "Run the tracking edge alone."),
    "relay": ("server.processes", "Run the SMTP relay alone."),
    "worker": ("server.processes", "Send campaigns beside the app process."),
    "inbound": ("server.processes", "Run the inbound server (bounces and replies) alone."),
}


class LazyCommands(click.Group):
    """A group whose commands are in separate modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table: what a newcomer needs comes first."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"postlude.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, "commands", {}).get(cmd_name) or module.command
        assert isinstance(command, click.Command)
        return recorded(cmd_name, command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="postlude")
def cli() -> None:
    """Postlude tells you what became of the email you sent.

    Settings are environment variables POSTLUDE_* or postlude.toml in the data folder: see `postlude settings`.
    """


def main() -> None:
    """Entry point. Exit codes: 0 done, 2 bad input, 3 setting, 4 in use, 5 storage, 6 not found, 7 transport."""
    os.umask(0o077)  # databases, journals and spools are for this account alone, whatever made the folder
    try:
        cli(prog_name="postlude", standalone_mode=False)
    except PostludeError as error:
        click.echo(f"postlude: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # the reader (head, less) has ended
        sys.exit(141)
    except OSError as error:  # of a file that nothing below expected: the operator's to mend, as it says
        if not about_a_file(error):
            raise
        click.echo(f"postlude: {file_trouble(error)}", err=True)
        sys.exit(StorageError.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("postlude: interrupted", err=True)
        sys.exit(130)
