"""`postlude campaigns test|schedule|send|pause|resume|cancel|winner`."""

from typing import Final

import click
import msgspec

from postlude.app.build.campaigns import CampaignServices, campaign_services
from postlude.app.commands.stores import accept_message
from postlude.cli.campaigns.show import follow, print_campaign, print_findings
from postlude.cli.output import print_json
from postlude.config import load
from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Via
from postlude.services.campaigns.checks import Level, check_campaign
from postlude.services.campaigns.drafts import change_campaign, find_campaign
from postlude.services.campaigns.lifecycle import cancel_campaign, choose_winner, pause_campaign, resume_campaign
from postlude.services.campaigns.preview import someone
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.test_mail import compose_test_mail
from postlude.services.campaigns.variants import local_moment, variant_called
from postlude.services.messages.accept import NewMessage
from postlude.store.campaigns.rows import Campaign

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_ANYWAY: Final = click.option("--anyway", is_flag=True, help="Ignore serious findings.")


@click.command()
@click.argument("campaign")
@click.option("--to", "recipients", multiple=True, required=True, help="Address to send the test to; may be repeated.")
@click.option("--contact", default="", help="Contact whose fields are filled in. Default: the first of the audience.")
@click.option("--variant", default="A", show_default=True, help="Which variant.")
@_JSON
def test(campaign: str, recipients: tuple[str, ...], contact: str, variant: str, as_json: bool) -> None:
    """Send yourself a test mail. Its links are direct, and its unsubscribe link does nothing."""
    settings = load()
    with campaign_services(settings) as services:
        found = find_campaign(services.store, campaign)
        person = someone(services.store, found, services.parts.clock.now(), contact)
        if contact and person is None:
            raise NotFoundError(f"{contact} is not a contact")
        raw = compose_test_mail(
            services.contents, found, variant_called(services.store, found.id, variant), person, recipients
        )
        user = services.store.accounts.user(found.user)
    message = accept_message(
        settings, NewMessage(user=user.id, via=Via.CLI, mail_from=user.address, recipients=recipients, raw=raw)
    )
    if as_json:
        print_json({"message": id_text(message), "recipients": recipients})
    else:
        click.echo(f"accepted as {id_text(message)}: a test to {', '.join(recipients)}")


@click.command()
@click.argument("campaign")
@click.option("--at", "moment", required=True, help="When, e.g. '2026-11-26 09:30'.")
@click.option("--time-zone", help="Zone of that time, e.g. Europe/Berlin. Default: the campaign's.")
@_ANYWAY
@_JSON
def schedule(campaign: str, moment: str, time_zone: str | None, anyway: bool, as_json: bool) -> None:
    """Schedule CAMPAIGN. From now on it cannot be changed; `pause` makes it a draft again."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        if time_zone is not None:
            options = msgspec.structs.replace(found.options, time_zone=time_zone)
            found = change_campaign(services.store, found.id, {}, {}, options=options)
        try:
            at = local_moment(moment, found.options.time_zone)
        except ValueError as error:
            raise InputError(f"--at: {error}") from error
        if at < services.parts.clock.now():
            raise InputError(f"--at {moment!r} is in the past; `postlude campaigns send` sends at once")
        _schedule(services, found, at, anyway=anyway, as_json=as_json)


@click.command()
@click.argument("campaign")
@_ANYWAY
@click.option(
    "--watch", is_flag=True, help="Show progress until it has ended. Ctrl-C ends the display, not the campaign."
)
@_JSON
def send(campaign: str, anyway: bool, watch: bool, as_json: bool) -> None:
    """Send CAMPAIGN now."""
    with campaign_services(load()) as services:
        found = _schedule(services, find_campaign(services.store, campaign), None, anyway=anyway, as_json=as_json)
        if watch:
            follow(services, found.id)


def _schedule(
    services: CampaignServices, campaign: Campaign, at: int | None, *, anyway: bool, as_json: bool
) -> Campaign:
    findings = check_campaign(services.store, services.contents, campaign, services.parts.clock.now(), services.has_key)
    bad = [one for one in findings if one.level is Level.ERROR or (one.level is Level.SERIOUS and not anyway)]
    if bad:
        print_findings(bad)
        raise InputError("not scheduled: correct the errors; serious findings can be overridden with --anyway")
    made = schedule_campaign(services.store, services.contents, services.parts.clock, campaign.id, at)
    print_campaign(services, made, as_json=as_json)
    forecast = services.forecast(made.expected)
    if forecast and not as_json:
        click.echo(forecast)
    return made


@click.command()
@click.argument("campaign")
@_JSON
def pause(campaign: str, as_json: bool) -> None:
    """Pause CAMPAIGN. One that is only scheduled becomes a draft again."""
    with campaign_services(load()) as services:
        print_campaign(
            services, pause_campaign(services.store, find_campaign(services.store, campaign).id), as_json=as_json
        )


@click.command()
@click.argument("campaign")
@_JSON
def resume(campaign: str, as_json: bool) -> None:
    """Resume a paused CAMPAIGN."""
    with campaign_services(load()) as services:
        print_campaign(
            services, resume_campaign(services.store, find_campaign(services.store, campaign).id), as_json=as_json
        )


@click.command()
@click.argument("campaign")
@_JSON
def cancel(campaign: str, as_json: bool) -> None:
    """Cancel CAMPAIGN: copies that were not sent are never sent."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        print_campaign(services, cancel_campaign(services.store, services.parts.clock, found.id), as_json=as_json)


@click.command()
@click.argument("campaign")
@click.argument("variant")
@_JSON
def winner(campaign: str, variant: str, as_json: bool) -> None:
    """End CAMPAIGN's A/B test: the rest of the audience gets VARIANT."""
    with campaign_services(load()) as services:
        found = find_campaign(services.store, campaign)
        print_campaign(services, choose_winner(services.store, found.id, variant), as_json=as_json)


commands = {
    "test": test,
    "schedule": schedule,
    "send": send,
    "pause": pause,
    "resume": resume,
    "cancel": cancel,
    "winner": winner,
}
