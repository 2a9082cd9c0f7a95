"""`postlude domain`: the domains mail is sent from, their keys and their records in DNS."""

import sys

import click

from postlude.adapters.dkim_keys import domain_name
from postlude.app.build.common import build_parts
from postlude.app.build.domains import Domains
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.dkim import ALGORITHMS
from postlude.model.errors import NotFoundError
from postlude.services.domains.dns_records import UNNAMED, DnsRecord, RecordCheck, RecordState

_SIGNS = {
    RecordState.OK: "ok",
    RecordState.MISSING: "MISSING",
    RecordState.WRONG: "WRONG",
    RecordState.UNKNOWN: "?",
}


def _domains() -> Domains:
    settings = load()
    parts = build_parts(settings)
    return Domains(settings, parts.dkim, parts.clock)


@click.group()
def command() -> None:
    """Sign mail from your domains, and check their DNS records.

    Mail whose From is in a domain with keys is signed (DKIM, RSA and Ed25519), also mail from its subdomains.
    """


@command.command()
@click.argument("domain")
@click.option(
    "--key", "keys", type=click.Choice(ALGORITHMS), multiple=True, help="Create only this kind of key. Default: both."
)
@click.option("--zone", is_flag=True, help="Print the records as lines of a zone file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add(domain: str, keys: tuple[str, ...], zone: bool, as_json: bool) -> None:
    """Create keys for DOMAIN and print the DNS records to publish. Existing keys stay."""
    domains, name = _domains(), domain_name(domain)
    made = domains.add(name, keys or ALGORITHMS)
    _print_records(domains.records(name), zone=zone, as_json=as_json)
    if not zone and not as_json:
        click.echo(f"Mail from {name} is signed from now on, with {' and '.join(key.algorithm for key in made)}.")
        click.echo(f"Publish these records, then: postlude domain check {name}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the domains that have keys."""
    names = _domains().names()
    if as_json:
        print_json({"domains": list(names)})
    elif names:
        click.echo("\n".join(names))
    else:
        click.echo("no domain has keys yet: postlude domain add example.org", err=True)


@command.command()
@click.argument("domain")
@click.option("--zone", is_flag=True, help="Print the records as lines of a zone file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(domain: str, zone: bool, as_json: bool) -> None:
    """Print the DNS records of DOMAIN again."""
    domains = _domains()
    _print_records(domains.records(_known(domains, domain)), zone=zone, as_json=as_json)


@command.command()
@click.argument("domain")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(domain: str, as_json: bool) -> None:
    """Look up the DNS records of DOMAIN and show what is missing or wrong. Exit code 1 when something is."""
    domains = _domains()
    found = domains.check(_known(domains, domain))
    if as_json:
        print_json({"domain": domain, "records": [_as_json(each) for each in found]})
    else:
        print_table([[_SIGNS[each.state], each.record.purpose, each.record.name, _reported(each)] for each in found])
        bad = [each.record for each in found if each.state in {RecordState.MISSING, RecordState.WRONG}]
        if bad:
            click.echo("\nThe values as they should be:\n")
            _print_records(bad, zone=False, as_json=False)
    sys.exit(any(each.state is not RecordState.OK for each in found))


@command.command()
@click.argument("domain")
@click.confirmation_option(prompt="Mail from this domain will be sent unsigned. Delete its keys?")
def remove(domain: str) -> None:
    """Delete the keys of DOMAIN. Remove its DKIM records from DNS a week later, when no signed mail is in transit."""
    _domains().remove(domain_name(domain))


def _known(domains: Domains, domain: str) -> str:
    name = domain_name(domain)
    if name not in domains.names():
        raise NotFoundError(f"{name} has no keys yet: postlude domain add {name}")
    return name


def _print_records(records: list[DnsRecord], *, zone: bool, as_json: bool) -> None:
    if as_json:
        print_json({"records": [{**each._asdict(), "zone": each.zone() if each.value else ""} for each in records]})
        return
    if zone:
        click.echo("\n".join(each.zone() for each in records if each.value))
        if not all(each.value for each in records):
            click.echo(f"; some are not known yet: {UNNAMED}")
        return
    for each in records:
        click.echo(f"{each.purpose}: {each.why}")
        click.echo(
            f"  type   {each.type}\n  name   {each.name}\n  value  {each.value or f'not known yet: {UNNAMED}'}\n"
        )


def _reported(found: RecordCheck) -> str:
    if found.remedy:
        return found.remedy
    return "; ".join(each if len(each) <= 60 else each[:57] + "..." for each in found.found)  # noqa: PLR2004 - a line


def _as_json(found: RecordCheck) -> dict[str, object]:
    return {
        **found.record._asdict(),
        "state": found.state.value,
        "found": list(found.found),
        "remedy": found.remedy,
    }
