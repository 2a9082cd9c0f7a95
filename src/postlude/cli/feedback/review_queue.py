"""`postlude feedback unmatched`, `assign`, `dismiss`, `hooks`: the review queue, and the webhook URLs of providers."""

import click

from postlude.cli.output import print_json, print_table
from postlude.config import PREFIX, load
from postlude.kit.clock import to_iso
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError, NotFoundError


@click.command("unmatched")
@click.option("--state", type=click.Choice(["open", "assigned", "dismissed", "all"]), default="open", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def unmatched(state: str, as_json: bool) -> None:
    """List returned mail that could not be matched to a message, with the reason."""
    from postlude.app.commands.stores import open_store_of  # noqa: PLC0415 - brings the database along; `feedback parse` needs none

    with open_store_of(load()) as store:
        rows = store.feedback.list_unmatched(1000, "" if state == "all" else state)
    if as_json:
        print_json(
            {
                "unmatched": [
                    {
                        "id": id_text(row.id),
                        "at": to_iso(row.at),
                        "kind": row.kind,
                        "reason": row.reason,
                        "state": row.state,
                        "copy": id_text(row.copy) if row.copy else "",
                        "channel": row.channel,
                        "summary": row.summary,
                        "facts": row.facts,
                    }
                    for row in rows
                ]
            }
        )
    elif rows:
        print_table([[id_text(row.id), to_iso(row.at)[:16], row.reason, row.summary] for row in rows])
        if state == "open":
            click.echo("\n`postlude feedback assign ID ADDRESS`, `accept ID` (asks_to_leave) or `dismiss ID` decides.")
    else:
        click.echo("nothing to decide" if state == "open" else "none")


@click.command("assign")
@click.argument("unmatched")
@click.argument("copy", metavar="COPY|ADDRESS")
def assign(unmatched: str, copy: str) -> None:
    """Assign UNMATCHED to COPY (16 digits), or to the newest message to ADDRESS."""
    from postlude.app.commands.stores import decide_unmatched, open_store_of  # noqa: PLC0415 - brings the database along; `feedback parse` needs none

    settings = load()
    with open_store_of(settings) as store:
        number = parse_id(copy)
        if number is None:
            copies = store.messages.copies_to(copy, 0)
            if not copies:
                raise NotFoundError(f"nothing was sent to {copy}")
            number = copies[0].id
        chosen = store.messages.copy(number)
        subject = store.messages.get(chosen.message).subject
    decide_unmatched(settings, _id(unmatched), chosen.id)
    click.echo(f"assigned to “{subject}” to {chosen.recipient}; it counts as soon as the app runs")


@click.command("accept")
@click.argument("unmatched")
def accept(unmatched: str) -> None:
    """Unsubscribe who asks in UNMATCHED to be taken off: from the list their mail came by, else from all mailings."""
    from postlude.app.commands.stores import accept_unmatched  # noqa: PLC0415 - brings the database along; `feedback parse` needs none

    accept_unmatched(load(), _id(unmatched))
    click.echo("accepted; it counts as soon as the app runs")


@click.command("dismiss")
@click.argument("unmatched")
def dismiss(unmatched: str) -> None:
    """Dismiss UNMATCHED: it has no effect."""
    from postlude.app.commands.stores import decide_unmatched  # noqa: PLC0415 - brings the database along; `feedback parse` needs none

    decide_unmatched(load(), _id(unmatched), 0)
    click.echo("dismissed")


@click.command("hooks")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def hooks(as_json: bool) -> None:
    """Show the webhook URL for each sending provider, and whether its key is set.

    The URLs are secrets: whoever knows one can call it. Amazon SES needs no key.
    """
    from postlude.app.background.provider_calls import hook_addresses  # noqa: PLC0415 - imports the whole app
    from postlude.app.build.common import build_parts  # noqa: PLC0415 - as above
    from postlude.feedback.providers import PROVIDERS  # noqa: PLC0415 - as above

    settings = load()
    rows = []
    for name, url in hook_addresses(build_parts(settings)).items():
        provider = PROVIDERS[name]
        setting = f"{PREFIX}{provider.setting.upper()}" if provider.setting else ""
        is_set = bool(settings.provider_keys.get(name))
        rows.append({"provider": name, "url": url, "setting": setting, "set": is_set, "signs": provider.signs})
    if as_json:
        print_json({"hooks": rows})
        return
    print_table([[str(row["provider"]), str(row["url"]), _key(row)] for row in rows])


def _key(row: dict[str, object]) -> str:
    if not row["setting"]:
        return "needs no key"
    if row["set"]:
        return "key is set"
    return (
        f"calls wait until {row['setting']} is set" if row["signs"] else f"no key needed; {row['setting']} for a login"
    )


def _id(text: str) -> int:
    number = parse_id(text)
    if number is None:
        raise InputError(f"{text!r} is not a valid id; `postlude feedback unmatched` lists the ids")
    return number
