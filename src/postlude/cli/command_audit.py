"""What commands do goes into the audit log: which ones, and how."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click

RECORDED: Final = frozenset(
    f"{group} {name}".rstrip()
    for group, names in {
        "audit": ("export",),
        "campaigns": (
            *("cancel", "change", "copy", "create", "delete", "follow-up", "pause", "resume", "schedule", "send"),
            *("test", "winner"),
        ),
        "contacts": ("add", "consent", "edit", "erase", "export", "import", "subscribe", "unsubscribe"),
        "domain": ("add", "remove"),
        "export": ("contacts", "copies", "events", "recipients", "suppressions"),
        "feedback": ("accept", "assign", "dismiss"),
        "hold-sending": ("",),
        "insight": ("add-rule", "look", "remove-rule"),
        "keys": ("rotate", "rotate-sessions"),
        "link": ("replace", "restore", "stop"),
        "lists": ("add", "delete", "edit"),
        "networks": ("import",),
        "privacy": ("erase", "forget", "show", "track"),
        "rebuild": ("",),
        "reclassify": ("",),
        "reports": ("add", "remove"),
        "resend": ("",),
        "resume-sending": ("",),
        "segments": ("change", "delete", "freeze", "save"),
        "send": ("",),
        "sender": ("indeterminate", "reset"),
        "sign-in": ("",),
        "suppressions": ("add", "export", "import", "remove"),
        "api-key": ("end", "new", "replace"),
        "user": (
            *("add", "disable", "enable", "end-second-step", "end-session", "invite", "limits", "password", "revoke"),
            *("forget-sign-on", "role", "send-as", "sign-out"),
        ),
    }.items()
    for name in names
)
"""Commands that change something, or take data of people away."""
RECORDED_IF_WRITTEN: Final = frozenset({"campaigns files", "contacts imports", "insight topics"})
"""Commands that change something with some options only."""
UNRECORDED: Final = {
    "starts a process, whose users are recorded": ("app", "edge", "inbound", "relay", "up", "worker"),
    "the way of programs into the mail; the message itself has user, time and way": ("sendmail",),
    "for an instance without data of people": ("demo", "simulate"),
    "only reads": (
        *("audit list", "campaigns check", "campaigns compare", "campaigns list", "campaigns preview"),
        *("campaigns report", "campaigns show", "check", "contacts engagement", "contacts list", "contacts show"),
        *("doctor", "domain check", "domain list", "domain show", "export campaigns", "export insight"),
        *("export report", "insight rules"),
        *(
            "feedback hooks",
            "feedback parse",
            "feedback unmatched",
            "instrument",
            "keys list",
            "link list",
            "links",
            "lists list",
        ),
        *("reports list", "segment", "segments list", "segments show", "sender list", "settings", "suppressions list"),
        *("timeline", "user list", "api-key list", "user sessions"),
    ),
}
_LONGEST: Final = 120


class UndeclaredCommandError(Exception):
    """A command is in none of the lists of `cli.command_audit`. Add it to one."""


def recorded(path: str, command: click.Command) -> click.Command:
    """`command`, and what is below it, so that it writes the audit log; done once for each. UndeclaredCommandError."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            recorded(f"{path} {name}", below)
    elif path in RECORDED | RECORDED_IF_WRITTEN:
        if command.callback is not None and not hasattr(command.callback, "records_itself"):
            command.callback = _recording(path, command.callback)
    elif not any(path in names for names in UNRECORDED.values()):
        raise UndeclaredCommandError(path)
    return command


def _recording(path: str, run: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(run)
    def recording(*args: Any, **values: Any) -> Any:  # noqa: ANN401 - whatever the command takes
        from postlude.cli.operator import who  # noqa: PLC0415 - what only reads does not pay for it
        from postlude.kit.clock import SystemClock  # noqa: PLC0415 - as above
        from postlude.services.accounts.audit import AuditedAct, begin_act, end_act  # noqa: PLC0415 - as above

        act = AuditedAct(SystemClock(), path, "cli")
        act.by(who())
        act.about(_arguments(click.get_current_context()))
        begin_act(act)
        try:
            result = run(*args, **values)
        finally:
            end_act()
        if path in RECORDED and not act.recorded:
            _finish(act)
        return result

    recording.records_itself = True  # type: ignore[attr-defined]
    return recording


def _finish(act: Any) -> None:  # noqa: ANN401 - an AuditedAct, imported late
    """Of a command that changed nothing in the state."""
    from postlude.app.commands.stores import open_store_of  # noqa: PLC0415 - heavy
    from postlude.config import load  # noqa: PLC0415 - heavy
    from postlude.store import sqlite_file  # noqa: PLC0415 - heavy

    settings = load()
    file = sqlite_file(settings.database)
    if file is None or file.exists():  # before the first start there is no log
        with open_store_of(settings) as store:
            act.finish(store)


def _arguments(context: click.Context) -> str:
    """What is named on the command line; options may have a secret as their value."""
    names = [one.name for one in context.command.params if isinstance(one, click.Argument) and one.name]
    given = [(name, context.params.get(name)) for name in names]
    return ", ".join(f"{name} {_text(value)}" for name, value in given if value)


def _text(value: Any) -> str:  # noqa: ANN401 - what an argument may be
    texts = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    return " ".join(texts)[:_LONGEST]
