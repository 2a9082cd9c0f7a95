"""`postlude simulate`: recipients with known truth in an empty instance, and how the rules judged them."""

import sys
from pathlib import Path

import click

from postlude.app.simulate.measure import as_rows
from postlude.app.simulate.play import SimulationOrder
from postlude.app.simulate.run import simulate
from postlude.cli.output import print_json, print_table
from postlude.config import load


@click.command()
@click.option("--people", default=1_000, show_default=True, help="How many recipients.")
@click.option("--mailings", default=1, show_default=True, help="How many mailings, ten days apart.")
@click.option("--links", default=5, show_default=True, help="Links in each mailing.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other recipients and other choices.")
@click.option("--in-process", is_flag=True, help="Without composing mail and without HTTP: faster, no replies.")
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write who was behind every request, one JSON object a line.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(truth: Path | None, as_json: bool, in_process: bool, **ordered: int) -> None:
    """Send mailings to simulated recipients in an empty instance, and compare the verdicts with the truth.

    People, image proxies, Apple's privacy, and filters of many habits ask a real edge over HTTP for the real links of
    the mail, each at its own time. Nothing leaves this machine. An instance that is in use is refused; `postlude demo
    --remove` takes everything away again.
    """
    people, mailings, links, seed = (ordered[name] for name in ("people", "mailings", "links", "seed"))
    order = SimulationOrder(people, mailings, links, seed, in_process=in_process)
    with click.progressbar(length=1000, label="requests", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        done = simulate(load(), order, truth=truth, progress=lambda share: bar.update(int(share * 1000) - bar.pos))
    if as_json:
        print_json({"there": done.held, "requests": done.requests, "measure": done.measure})
    else:
        print_table([["requests", f"{done.requests:,}"], *as_rows(done.measure)])
