"""`postlude check`: what is misconfigured, and how to mend it."""

import sys

import click

from postlude.app.commands.checks import run_checks
from postlude.cli.output import print_json, print_table
from postlude.config import load

_SIGNS = {"ok": "ok", "warning": "WARN", "problem": "FAIL"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(as_json: bool) -> None:
    """Check settings, data folder, keys, ports and servers; explain each problem and its remedy.

    Exit code 1 when there is a problem, else 0, also with warnings.
    """
    findings = run_checks(load())
    if as_json:
        print_json({"checks": [finding._asdict() for finding in findings]})
    else:
        print_table([[_SIGNS[finding.state], finding.name, finding.text] for finding in findings])
    sys.exit(any(finding.state == "problem" for finding in findings))
