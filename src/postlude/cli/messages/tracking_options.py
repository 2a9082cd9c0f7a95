"""The switches of `postlude links` and `postlude instrument`: the policy a message is looked at with."""

from collections.abc import Callable
from typing import Any

import click

from postlude.instrument import PixelPlace, Policy

_OPTIONS = (
    click.option("--opens/--no-opens", default=True, show_default=True, help="Add the pixel."),
    click.option("--clicks/--no-clicks", default=True, show_default=True, help="Track links."),
    click.option("--text/--no-text", default=False, show_default=True, help="Links in plain text parts, too."),
    click.option(
        "--exclude", multiple=True, metavar="HOST|URL", help="Never track this host, or URLs that begin with this."
    ),
    click.option(
        "--pixel",
        type=click.Choice([place.value for place in PixelPlace]),
        default=PixelPlace.AUTO.value,
        show_default=True,
        help="Where the pixel goes; auto is the bottom unless Gmail would clip it.",
    ),
)


def with_policy(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the switches; `policy_of` reads them. The message's own header lines still apply."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def policy_of(switches: dict[str, Any]) -> Policy:
    """The policy that was asked for."""
    return Policy(
        opens=switches["opens"],
        clicks=switches["clicks"],
        text=switches["text"],
        exclude=tuple(switches["exclude"]),
        pixel=PixelPlace(switches["pixel"]),
    )
