"""Options that take one word of a closed list."""

from enum import StrEnum

import click


def one_of(kind: type[StrEnum]) -> click.Choice[str]:
    """The values of `kind`, the words of docs and JSON; click itself would take the names of the members."""
    return click.Choice([one.value for one in kind])
