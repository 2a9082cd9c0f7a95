"""`postlude campaigns create|change|copy|delete|follow-up`."""

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from postlude.app.build.campaigns import CampaignServices, campaign_services
from postlude.cli.campaigns.audience_options import audience_of, audience_options
from postlude.cli.campaigns.show import print_campaign
from postlude.cli.choices import one_of
from postlude.cli.message_file import read_bytes
from postlude.config import load
from postlude.instrument import utm_parameters
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import WinnerRule
from postlude.services.campaigns.drafts import (
    VariantContent,
    change_campaign,
    copy_campaign,
    create_campaign,
    find_campaign,
)
from postlude.services.campaigns.files import attach_file
from postlude.services.campaigns.follow_up import FollowUp, follow_up
from postlude.services.campaigns.lifecycle import delete_draft
from postlude.services.campaigns.markup import html_of_mjml
from postlude.services.reports.topics import read_topics
from postlude.store.campaigns.rows import Campaign, CampaignOptions

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_FILE: Final = click.Path(path_type=Path)
_PARTS: Final = ("subject", "preheader", "html", "mjml", "text")


def _content_options(command: Callable[..., None]) -> Callable[..., None]:
    for suffix, whose in (("-b", "Of variant B: "), ("", "")):
        for name in ("text", "mjml", "html"):
            text = f"{whose}File with the {name.upper() if name != 'text' else 'plain text'}; - for standard input."
            command = click.option(f"--{name}{suffix}", type=_FILE, help=text)(command)
        for name in ("preheader", "subject"):
            text = f"{whose}The {name}; may contain fields: {{{{ contact.first_name }}}}."
            command = click.option(f"--{name}{suffix}", help=text)(command)
    return command


def _detail_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.option("--from", "sender", help="Sender: Name <address@your-domain>."),
            click.option("--reply-to", help="Address for replies. Default: the sender."),
            click.option("--attach", multiple=True, type=_FILE, help="A file attached to every copy."),
            click.option(
                "--host", multiple=True, type=_FILE, help="A file that recipients download through a tracked link."
            ),
            click.option("--opens/--no-opens", default=None, help="Count opens."),
            click.option("--clicks/--no-clicks", default=None, help="Count clicks."),
            click.option("--utm", help="Query parameters for links: utm_source=news&utm_campaign={campaign}."),
            click.option("--topics", help="What it is about, with commas between."),
            click.option(
                "--missing", type=click.Choice(["empty", "default", "fail"]), help="What happens to empty fields."
            ),
            click.option("--default", "defaults", multiple=True, help="FIELD=VALUE for --missing default."),
            click.option("--per-hour", type=int, help="Most copies per hour; 0: no limit."),
            click.option(
                "--local-time/--no-local-time", default=None, help="Send at that hour of each contact's time zone."
            ),
            click.option("--time-zone", help="Time zone of the schedule, e.g. Europe/Berlin."),
            click.option("--test-percent", type=int, help="Percentage of the audience that gets the test."),
            click.option("--test-hours", type=float, help="Duration of the test in hours."),
            click.option("--winner", type=one_of(WinnerRule), help="What decides the winner."),
            click.option("--winner-recipients", type=int, help="Delivered copies each variant needs to win (500)."),
            click.option("--winner-percent", type=int, help="How probable the winner must be, in percent (90)."),
        )
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@click.option("--user", default="", help="Owner of the campaign. Default: the first user.")
@_content_options
@_detail_options
@audience_options
@_JSON
def create(name: str, user: str, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's values
    """Create a draft called NAME. Nothing is sent before it is scheduled or sent."""
    settings = load()
    with campaign_services(settings) as services:
        owner = services.store.accounts.user_by_address(user) if user else services.store.accounts.first_user()
        if owner is None:
            raise NotFoundError(f"no user {user}" if user else "there is no user yet: start `postlude up` once")
        made = create_campaign(services.store, services.parts.clock, owner, name)
        try:
            made = _apply(services, made, given)
        except BaseException:
            delete_draft(services.store, services.parts.folder.files, made.id)
            raise
        print_campaign(services, made, as_json=as_json)


@click.command()
@click.argument("campaign")
@click.option("--name", help="Another name.")
@_content_options
@_detail_options
@audience_options
@_JSON
def change(campaign: str, name: str | None, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's values
    """Change the given parts of a draft; the rest stays."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        if name is not None:
            change_campaign(services.store, found.id, {"name": name}, {})
        print_campaign(services, _apply(services, services.store.campaigns.get(found.id), given), as_json=as_json)


@click.command()
@click.argument("campaign")
@click.option("--name", default="", help="Name of the copy.")
@_JSON
def copy(campaign: str, name: str, as_json: bool) -> None:
    """Create a draft with the content, audience and options of CAMPAIGN."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        print_campaign(
            services,
            copy_campaign(services.store, services.parts.folder.files, services.parts.clock, found.id, name),
            as_json=as_json,
        )


@click.command()
@click.argument("campaign")
def delete(campaign: str) -> None:
    """Delete a draft."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        delete_draft(services.store, services.parts.folder.files, found.id)
        click.echo(f"deleted {found.name}")


@click.command("follow-up")
@click.argument("campaign")
@click.option(
    "--to",
    "who",
    type=one_of(FollowUp),
    default=FollowUp.NOT_OPENED.value,
    show_default=True,
)
@click.option("--name", default="", help="Name of the new draft.")
@_JSON
def follow_up_command(campaign: str, who: str, name: str, as_json: bool) -> None:
    """Create a draft to the recipients who did not open CAMPAIGN, or who clicked. Those who replied are left out.

    Machines' opens and clicks do not count. The draft is a copy of the campaign: change it, check it, send it.
    """
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        made = follow_up(
            services.store, services.parts.folder.files, services.parts.clock, found.id, FollowUp(who), name
        )
        print_campaign(services, made, as_json=as_json)


def _apply(services: CampaignServices, campaign: Campaign, given: dict[str, Any]) -> Campaign:
    files = {hosted: given.pop(name) for name, hosted in (("attach", False), ("host", True))}
    audience = audience_of(services.store, given)
    contents = {}
    for name, suffix in (("A", ""), ("B", "_b")):
        content = _content({part: given.pop(part + suffix) for part in _PARTS})
        if content is not None:
            contents[name] = content
    details = {name: value for name in ("sender", "reply_to") if (value := given.pop(name)) is not None}
    options = _options(campaign, given)
    changed = change_campaign(services.store, campaign.id, details, contents, audience, options)
    for hosted, paths in files.items():
        for path in paths:
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            folder = services.parts.folder.files
            attach_file(services.store, folder, campaign.id, path.name, kind, read_bytes(path), hosted=hosted)
    return changed


def _content(given: dict[str, Any]) -> VariantContent | None:
    if all(value is None for value in given.values()):
        return None
    texts = {part: _read(given[part]) for part in ("html", "mjml", "text")}
    if texts["mjml"] is not None:
        texts["html"] = html_of_mjml(texts["mjml"])
    return VariantContent(subject=given["subject"], preheader=given["preheader"], **texts)


def _read(path: Path | None) -> str | None:
    if path is None:
        return None
    raw = read_bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def _options(campaign: Campaign, given: dict[str, Any]) -> CampaignOptions:
    rule, utm, defaults = given.pop("winner"), given.pop("utm"), given.pop("defaults")
    values = {name: value for name, value in given.items() if value is not None}
    if rule is not None:
        values["rule"] = WinnerRule(rule)
    if "topics" in values:
        values["topics"] = read_topics(values["topics"])
    if utm is not None:
        values["utm"] = utm_parameters(utm, campaign=campaign.name)
    if defaults:
        values["defaults"] = dict(_pair(text) for text in defaults)
    return msgspec.structs.replace(campaign.options, **values)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--default {text!r}: write FIELD=VALUE, e.g. contact.first_name=friend")
    return (name if name.startswith("contact.") else f"contact.{name}"), value


commands = {"create": create, "change": change, "copy": copy, "delete": delete, "follow-up": follow_up_command}
