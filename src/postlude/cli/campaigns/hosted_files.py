"""`postlude campaigns files`."""

from pathlib import Path

import click

from postlude.app.build.campaigns import campaign_services
from postlude.cli.message_file import read_bytes
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import to_iso
from postlude.services.campaigns.downloads import HostedDownload, downloads_of, replace_hosted, withdraw_hosted
from postlude.services.campaigns.drafts import find_campaign


@click.command()
@click.argument("campaign")
@click.option("--replace", type=click.Path(path_type=Path), help="Serve this file in place of the one of its name.")
@click.option("--withdraw", default="", help="Serve the file of this name no more.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def files(campaign: str, replace: Path | None, withdraw: str, as_json: bool) -> None:
    """Show the files that recipients of CAMPAIGN download, how often, and replace or withdraw them after sending."""
    with campaign_services(load()) as services:
        found, folder = find_campaign(services.store, campaign), services.parts.folder.files
        if replace is not None:
            replace_hosted(services.store, folder, found, replace.name, read_bytes(replace))
        if withdraw:
            withdraw_hosted(services.store, folder, found, withdraw)
        hosted = downloads_of(services.store, folder, found)
    if as_json:
        print_json({"files": hosted})
    elif not hosted:
        click.echo("the campaign hosts no file")
    else:
        heads = ["file", "bytes", "downloads by people", "not known", "by machines", "last", ""]
        print_table([heads, *map(_row, hosted)])


def _row(one: HostedDownload) -> list[str]:
    last = to_iso(one.last_at) if one.last_at else "-"
    state = f"replaced {to_iso(one.replaced_at)}" if one.replaced_at else "" if one.served else "withdrawn"
    counts = (one.size, one.clicks, one.clicks_unknown, one.clicks_machine)
    return [one.name, *(f"{count:,}" for count in counts), last, state]


commands = {"files": files}
