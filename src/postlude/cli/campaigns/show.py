"""`postlude campaigns list|show|check|preview|report`."""

import sys
import time
from typing import Any, Final

import click
import msgspec

from postlude.adapters.link_probe import probe_links
from postlude.analytics import NormalRange, Rate
from postlude.app.build.campaigns import CampaignServices, campaign_services
from postlude.app.commands.stores import offline_stores
from postlude.cli.campaigns.audience_options import as_json as audience_json
from postlude.cli.campaigns.audience_options import described
from postlude.cli.choices import one_of
from postlude.cli.control_client import ask
from postlude.cli.output import print_json, print_table
from postlude.config import Settings, load
from postlude.kit.clock import to_datetime, to_iso
from postlude.kit.ids import id_text, parse_id
from postlude.kit.time_zones import shown_in
from postlude.model.errors import NotFoundError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.breakdown import Breakdown
from postlude.services.campaigns.checks import CampaignFinding, Level, check_campaign
from postlude.services.campaigns.drafts import find_campaign
from postlude.services.campaigns.preview import preview_copy, someone
from postlude.services.campaigns.progress import CampaignProgress, progress_of
from postlude.services.campaigns.report import hidden_words, report_of
from postlude.services.campaigns.variants import variant_called
from postlude.services.reports.messages import Reports
from postlude.store.campaigns.breakdown import ClientCounts
from postlude.store.campaigns.rows import Campaign, Funnel

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_MINUTE: Final = 60
_HOUR: Final = 3600


@click.command("list")
@click.option(
    "--status",
    type=one_of(CampaignStatus),
    multiple=True,
    help="Only those in this status.",
)
@_JSON
def list_command(status: tuple[str, ...], as_json: bool) -> None:
    """List campaigns, the newest first."""
    with campaign_services(load()) as services:
        found = services.store.campaigns.latest([CampaignStatus(one) for one in status])
        if as_json:
            print_json({"campaigns": [_as_json(services, one) for one in found]})
        elif not found:
            click.echo("no campaigns yet; make one: postlude campaigns create --help")
        else:
            rows = [[id_text(one.id), one.status.value, _progress_line(services, one), one.name] for one in found]
            print_table(rows)


@click.command()
@click.argument("campaign")
@click.option("--watch", is_flag=True, help="Show progress until it has ended.")
@_JSON
def show(campaign: str, watch: bool, as_json: bool) -> None:
    """Show CAMPAIGN: content, audience and progress."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        print_campaign(services, found, as_json=as_json)
        if watch:
            follow(services, found.id)


def follow(services: CampaignServices, campaign: int) -> None:
    """Write a progress line a second until the campaign is over or held."""
    before: CampaignProgress | None = None
    while True:
        now = progress_of(services.store, services.parts.clock, services.store.campaigns.get(campaign), before)
        line = f"{now.done:,} of {now.total:,}, {now.rate:,.0f}/s{_remaining(now)}, {now.status.value}"
        click.echo(("\r" + line).ljust(78) if sys.stdout.isatty() else line, nl=not sys.stdout.isatty())
        if now.status not in {CampaignStatus.SENDING, CampaignStatus.SCHEDULED}:
            break
        before = now
        time.sleep(1)
    if sys.stdout.isatty():
        click.echo()


@click.command()
@click.argument("campaign")
@click.option("--fetch", is_flag=True, help="Request every link's destination.")
@_JSON
def check(campaign: str, fetch: bool, as_json: bool) -> None:
    """Check CAMPAIGN before it is sent. Exit code 2 when a finding is an error or serious."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        findings = check_campaign(
            services.store, services.contents, found, services.parts.clock.now(), services.has_key
        )
        if fetch:
            findings += _fetched(services, found)
        if as_json:
            print_json({"findings": findings})
        else:
            print_findings(findings)
    if any(one.level is not Level.WARNING for one in findings):
        sys.exit(2)


def print_findings(findings: list[CampaignFinding]) -> None:
    """For people; one line a finding."""
    if not findings:
        click.echo("no findings: the campaign can be sent")
    for one in findings:
        where = f" (variant {one.variant})" if one.variant else ""
        click.echo(f"{one.level.value}: {one.text}{where}")


@click.command("preview")
@click.argument("campaign")
@click.option("--contact", default="", help="Address of the contact. Default: the first of the audience.")
@click.option("--variant", default="A", show_default=True, help="Which variant.")
@click.option("--part", type=click.Choice(["html", "text"]), help="Print this part and nothing else.")
@_JSON
def preview_command(campaign: str, contact: str, variant: str, part: str | None, as_json: bool) -> None:
    """Show the copy of one contact, without pixel, tracked links and tokens."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        person = someone(services.store, found, services.parts.clock.now(), contact)
        if contact and person is None:
            raise NotFoundError(f"{contact} is not a contact")
        seen = preview_copy(services.contents, found, variant_called(services.store, found.id, variant), person)
        if as_json:
            print_json(seen)
        elif part:
            click.echo(seen.html if part == "html" else seen.text, nl=False)
        else:
            click.echo(f"To: {seen.address}\nSubject: {seen.subject}\nSize: {seen.size:,} bytes\n")
            click.echo(seen.text or seen.html, nl=False)


@click.command()
@click.argument("campaign")
@_JSON
def report(campaign: str, as_json: bool) -> None:
    """Show the results of CAMPAIGN: its funnel, people and machines apart, and its links."""
    settings = load()
    with campaign_services(settings) as services:
        made = report_of(services.store, find_campaign(services.store, campaign))
    judged = _judged(settings, [row.message for row in made.variants])
    if as_json:
        print_json({**msgspec.to_builtins(made), "judged": judged})
        return
    for row in made.variants if len(made.variants) > 1 else []:
        click.echo(f"variant {row.name}{' (winner)' if row.winner else ''}: {row.subject}")
        _print_funnel(row.funnel)
        click.echo()
    if len(made.variants) > 1:
        click.echo("all")
    _print_funnel(made.all)
    if made.hidden is not None:
        click.echo(f"\n{hidden_words(made.hidden)}")
    links = [one for one in made.links if one.tracked]
    if links:
        click.echo("\nclicks by people")
        print_table([[f"{one.clicks:,}", one.variant, one.label or "-", one.url] for one in links])
    _print_parts(made.parts)
    if judged:
        click.echo("\nwho opened and clicked, and why")
        print_table([[f"{one['count']:,}", one["kind"], one["who"], one["sure"], one["why"]] for one in judged])


def _judged(settings: Settings, messages: list[str]) -> list[dict[str, Any]]:
    """How opens and clicks were judged, from the running app or from the stores."""
    answer = ask(settings, "judged", messages=",".join(messages))
    if answer is None:
        with offline_stores(settings) as (store, history):
            lines = Reports(store, history).judged([number for text in messages if (number := parse_id(text))])
            answer = {"judged": msgspec.to_builtins(lines)}
    found: list[dict[str, Any]] = answer["judged"]
    return found


def _print_parts(parts: Breakdown) -> None:
    compared = [one for one in parts.comparisons if one.rate.of]
    if compared:
        click.echo("\nrates, with 95 % intervals")
        print_table([[one.name, _interval(one.rate), _usual(one.normal)] for one in compared])
    if parts.verdict is not None:
        best = ", ".join(f"{name} {100 * chance:.0f} %" for name, chance in parts.verdict.probabilities.items())
        click.echo(f"\nbest variant: {parts.verdict.best if parts.verdict.decided else 'undecided'} ({best})")
    if parts.providers:
        click.echo("\nmailbox providers: delivered, opened, clicked, bounced")
        print_table(
            [
                [one.provider, f"{one.delivered:,}", *map(_percent, (one.opened, one.clicked, one.bounced))]
                for one in parts.providers
            ]
        )
    if parts.clients:
        click.echo("\nprograms: opens, clicks by people; both by who may be one, and by machines")
        print_table([_client_row(one) for one in parts.clients])
    if parts.bounces:
        click.echo("\nbounces by reason")
        print_table([[one.reason, f"{one.copies:,}"] for one in parts.bounces])


def _client_row(one: ClientCounts) -> list[str]:
    unknown, machine = one.opens_unknown + one.clicks_unknown, one.opens_machine + one.clicks_machine
    return [one.client or "not known", *(f"{number:,}" for number in (one.opens, one.clicks, unknown, machine))]


def _percent(rate: Rate) -> str:
    return f"{100 * rate.value:.1f} %" if rate.of else "-"


def _interval(rate: Rate) -> str:
    return f"{_percent(rate)} of {rate.of:,} ({100 * rate.low:.1f} to {100 * rate.high:.1f} %)"


def _usual(normal: NormalRange | None) -> str:
    if normal is None:
        return ""
    return f"usual: {100 * normal.median:.1f} % ({100 * normal.low:.1f} to {100 * normal.high:.1f} %)"


def print_campaign(services: CampaignServices, campaign: Campaign, *, as_json: bool) -> None:
    """One campaign, for people or programs."""
    if as_json:
        print_json(_as_json(services, campaign))
        return
    options, store = campaign.options, services.store
    rows = [
        ["campaign", f"{campaign.name} ({id_text(campaign.id)})"],
        ["status", campaign.status.value + (f": {campaign.problem}" if campaign.problem else "")],
        ["from", campaign.sender],
        ["audience", f"{described(store, campaign.audience)}: {_size(services, campaign):,} contacts"],
    ]
    rows += [[f"subject {one.name}", one.subject or "-"] for one in store.campaigns.variants(campaign.id)]
    rows += [
        [("hosted" if one.hosted else "attached"), f"{one.name}, {one.size:,} bytes"]
        for one in store.campaigns.files(campaign.id)
    ]
    if options.topics:
        rows.append(["topics", ", ".join(options.topics)])
    if options.test_percent:
        rows.append(["test", f"{options.test_percent} % for {options.test_hours:g} h, then the {options.rule.value}"])
    if options.per_hour:
        rows.append(["at most", f"{options.per_hour:,} an hour"])
    if campaign.scheduled_at is not None and campaign.status is not CampaignStatus.DRAFT:
        at = shown_in(to_datetime(campaign.scheduled_at), options.time_zone)
        own = ", at that hour of each contact's own zone" if options.local_time else ""
        rows.append(["leaves", at + own])
    if campaign.status is not CampaignStatus.DRAFT:
        rows.append(["progress", _progress_line(services, campaign)])
    print_table(rows)


def _size(services: CampaignServices, campaign: Campaign) -> int:
    if campaign.started_at:
        return campaign.expected
    return services.store.contacts.audience_count(audience_at(services.store, campaign, services.parts.clock.now()))


def _progress_line(services: CampaignServices, campaign: Campaign) -> str:
    if campaign.status is CampaignStatus.DRAFT:
        return "-"
    now = progress_of(services.store, services.parts.clock, campaign)
    failed = sum(now.counts.get(name, 0) for name in ("rejected", "expired", "suppressed"))
    more = [f"{now.rate:,.0f}/s"] if now.rate else []
    more += [
        f"{count:,} {name}" for name in ("deferred", "indeterminate", "held") if (count := now.counts.get(name, 0))
    ]
    more += [f"{failed:,} failed"] if failed else []
    return f"{now.done:,} of {now.total:,}" + (f" ({', '.join(more)})" if more else "") + _remaining(now)


def _remaining(now: CampaignProgress) -> str:
    left = now.remaining_s
    if left is None or now.done >= now.total:
        return ""
    if left < 2 * _MINUTE:
        return f", {left:.0f} s left"
    return f", {left / _MINUTE:.0f} min left" if left < 2 * _HOUR else f", {left / _HOUR:.1f} h left"


def _print_funnel(funnel: Funnel) -> None:
    def rate(count: int) -> str:
        return f"{100 * count / funnel.delivered:.1f} %" if funnel.delivered else ""

    rows = [
        ["copies", f"{funnel.copies:,}", ""],
        ["sent", f"{funnel.sent:,}", ""],
        ["delivered", f"{funnel.delivered:,}", ""],
        ["opened", f"{funnel.opened:,}", rate(funnel.opened)],
        ["  perhaps (Apple)", f"{funnel.opened_unknown:,}", rate(funnel.opened_unknown)],
        ["  machines only", f"{funnel.opened_machine:,}", rate(funnel.opened_machine)],
        ["clicked", f"{funnel.clicked:,}", rate(funnel.clicked)],
        ["  machines only", f"{funnel.clicked_machine:,}", rate(funnel.clicked_machine)],
        ["replied", f"{funnel.replied:,}", rate(funnel.replied)],
        ["unsubscribed", f"{funnel.unsubscribed:,}", rate(funnel.unsubscribed)],
        ["  from all mailings", f"{funnel.left_all:,}", rate(funnel.left_all)],
        ["complained", f"{funnel.complained:,}", rate(funnel.complained)],
        ["bounced", f"{funnel.bounced:,}", ""],
        ["failed", f"{funnel.failed:,}", ""],
        ["indeterminate", f"{funnel.indeterminate:,}", ""],
    ]
    print_table(rows)


def _fetched(services: CampaignServices, campaign: Campaign) -> list[CampaignFinding]:
    found = []
    for variant in services.store.campaigns.variants(campaign.id):
        compiled = services.contents.examine(campaign, variant, services.contents.policy(campaign))
        problems = probe_links(link.url for link in compiled.links)
        found += [
            CampaignFinding(level=Level.SERIOUS, check="links", variant=variant.name, text=f"{url} {problem}")
            for url, problem in problems.items()
        ]
    return found


def _as_json(services: CampaignServices, campaign: Campaign) -> dict[str, Any]:
    store = services.store
    draft = campaign.status is CampaignStatus.DRAFT
    progress = None if draft else progress_of(store, services.parts.clock, campaign)
    return {
        "id": id_text(campaign.id),
        "name": campaign.name,
        "status": campaign.status.value,
        "problem": campaign.problem,
        "from": campaign.sender,
        "reply_to": campaign.reply_to,
        "audience": audience_json(campaign.audience),
        "contacts": _size(services, campaign),
        "options": campaign.options,
        "variants": [
            {"name": one.name, "message": id_text(one.message), "subject": one.subject, "preheader": one.preheader}
            for one in store.campaigns.variants(campaign.id)
        ],
        "files": [
            {"name": one.name, "size": one.size, "hosted": one.hosted} for one in store.campaigns.files(campaign.id)
        ],
        "scheduled_at": _time(campaign.scheduled_at),
        "started_at": _time(campaign.started_at),
        "finished_at": _time(campaign.finished_at),
        "progress": progress,
    }


def _time(at: int | None) -> str | None:
    return None if at is None else to_iso(at)


commands = {
    "list": list_command,
    "show": show,
    "check": check,
    "preview": preview_command,
    "report": report,
}
