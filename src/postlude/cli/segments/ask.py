"""`postlude segment`: whom an expression chooses."""

from collections.abc import Iterator

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.model.address import shown
from postlude.segments.expression import Expression
from postlude.services.segments.names import read_segment
from postlude.services.segments.saved import mailable_page, select_contacts
from postlude.store import Store
from postlude.store.contacts.rows import Contact

_AT_ONCE = 100_000


@click.command()
@click.argument("expression")
@click.option("--count", "only_count", is_flag=True, help="Print only how many contacts it chooses.")
@click.option(
    "--addresses", is_flag=True, help="Print the address of each contact who would get a mailing, one a line."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(expression: str, only_count: bool, addresses: bool, as_json: bool) -> None:
    r"""Explain EXPRESSION and count the contacts it chooses. Nothing is changed.

    \b
    opened(campaign='Spring') >= 3 and not replied()
    clicked(within='30d') or tag('vip')
    field('City') in ('Köln', 'Bonn') and list('News')
    segment('Hot') and not sent(within='7d')

    \b
    What mail did: sent delivered opened clicked replied autoresponded
      bounced complained unsubscribed, with campaign='...', subject='...',
      since='2026-01-31', before='...', within='30d', and >= 3 for how often.
    What contacts are: list('...') tag('...') segment('...') added(since='...')
      consent('mail') = 'given', suppressed(), everyone, and the fields
      address domain name time_zone source field('...'), compared by
      = != < <= > >= contains, starts, ends, in ('...', '...'), is empty.

    Join them by and, or, not and brackets. `postlude segments save` keeps one under a name.
    """
    with open_store_of(load()) as store:
        asked = read_segment(store, expression)
        chosen = select_contacts(store, SystemClock(), asked)
        if only_count:
            click.echo(chosen.contacts)
        elif addresses:
            for contact in _mailable(store, asked):
                click.echo(contact.spelled)
        elif as_json:
            print_json(chosen._asdict())
        else:
            click.echo(f"{chosen.words}: {chosen.contacts:,}, of whom {chosen.mailable:,} may be mailed")
            for one in mailable_page(store, SystemClock(), asked, limit=5):
                click.echo(f"  {shown(one.contact.spelled)}  {one.contact.name}".rstrip())


def _mailable(store: Store, asked: Expression) -> Iterator[Contact]:
    clock, after = SystemClock(), 0
    while page := mailable_page(store, clock, asked, after, _AT_ONCE):
        yield from (one.contact for one in page)
        after = page[-1].contact.id
