"""`postlude reports`: reports that go out by mail."""

from typing import Any, Final

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.choices import one_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.kit.ids import id_text
from postlude.model.errors import NotFoundError
from postlude.services.campaigns.report_plans import Occasion, ReportPlan, add_plan, next_moment, plans_of, remove_plan
from postlude.store import Store, User

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Have reports sent to users of this Postlude: every week, every month, or when a campaign is some hours old."""


@command.command("list")
@_JSON
def list_command(as_json: bool) -> None:
    """Show what goes out, to whom and when."""
    with open_store_of(load()) as store:
        found = [_as_json(store, one) for one in plans_of(store)]
    if as_json:
        print_json({"reports": found})
    elif not found:
        click.echo("no report goes out by mail; set one up: postlude reports add --help")
    else:
        print_table([[one["id"], one["when"], ", ".join(one["to"]), one["next_at"] or "-"] for one in found])


@command.command()
@click.argument("occasion", type=one_of(Occasion))
@click.option("--hours", type=int, default=0, help="With age: so many hours after a campaign began.")
@click.option(
    "--to", "members", multiple=True, help="Address of a user; several times for several. Default: the owner."
)
@click.option("--user", default="", help="Whose campaigns. Default: the first user's.")
@click.option("--time-zone", default="UTC", show_default=True, help="Of seven o'clock, e.g. Europe/Berlin.")
@_JSON
def add(  # noqa: PLR0917 - click's values
    occasion: str, hours: int, members: tuple[str, ...], user: str, time_zone: str, as_json: bool
) -> None:
    """Send a report: weekly (Mondays at 7:00), monthly (the first at 7:00), or at an age of a campaign."""
    with open_store_of(load()) as store:
        owner, clock = _owner(store, user), SystemClock()
        made = add_plan(store, clock, owner, Occasion(occasion), members, hours=hours, zone_text=time_zone)
        told = _as_json(store, made)
    if as_json:
        print_json(told)
    else:
        click.echo(f"{told['when']} to {', '.join(told['to'])} ({told['id']})")


@command.command()
@click.argument("report")
def remove(report: str) -> None:
    """End the REPORT with this id."""
    with open_store_of(load()) as store:
        remove_plan(store, None, report)
    click.echo("it goes out no more")


def _owner(store: Store, address: str) -> User:
    found = store.accounts.user_by_address(address) if address else store.accounts.first_user()
    if found is None:
        raise NotFoundError(f"no user {address}" if address else "there is no user yet: start `postlude up` once")
    return found


def _as_json(store: Store, plan: ReportPlan) -> dict[str, Any]:
    names = {one.id: one.address for one in store.accounts.list_users()}
    moment = next_moment(plan, SystemClock().now())
    when = f"{plan.hours} h after a campaign began" if plan.occasion is Occasion.AGE else plan.occasion.value
    return {
        "id": id_text(plan.id),
        "when": when,
        "time_zone": plan.time_zone,
        "user": names.get(plan.user, ""),
        "to": [names.get(one, "(gone)") for one in plan.recipients],
        "next_at": to_iso(moment) if moment is not None else None,
    }
