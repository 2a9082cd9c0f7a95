"""`postlude check`: what is misconfigured, and how to mend it."""

import sys
from functools import partial
from typing import Final

import click

from postlude.app.commands.checks import run_checks
from postlude.cli.control_client import ask
from postlude.cli.output import print_json, print_table
from postlude.config import Settings, load
from postlude.model.errors import InUseError
from postlude.services.health import CheckResult

_PATIENCE_S: Final = 5.0
_SIGNS = {"ok": "ok", "warning": "WARN", "problem": "FAIL"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Check settings, data folder, keys, ports and servers; explain each problem and its remedy.

    Of a running Postlude it also says how it is, as `/healthz` of the app does: database, disk, processes, digest,
    sending, relay and inbound, damage that was found. Exit code 0 when nothing is a problem (warnings are not), else 1.
    """
    settings = load()
    findings = run_checks(settings, partial(_ask_app, settings))
    if as_json:
        print_json({"checks": [finding._asdict() for finding in findings]})
    else:
        print_table([[_SIGNS[finding.state], finding.name, finding.text] for finding in findings])
    sys.exit(any(finding.state == "problem" for finding in findings))


def _ask_app(settings: Settings) -> list[CheckResult] | None:
    try:
        told = ask(settings, "health", patience_s=_PATIENCE_S)
    except InUseError:
        return None
    return None if told is None else [CheckResult(**check) for check in told["checks"]]
