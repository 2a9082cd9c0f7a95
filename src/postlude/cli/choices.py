"""Options that take one word of a closed list."""

from enum import StrEnum

import click


def one_of(kind: type[StrEnum], *, or_none: bool = False, any_case: bool = False) -> click.Choice[str]:
    """The values of `kind`, the words of docs and JSON; click itself would take the names of the members.

    `or_none`: the empty text as well, an option's default that says nothing. `any_case`: in upper case as well.
    """
    return click.Choice([*([""] if or_none else []), *(one.value for one in kind)], case_sensitive=not any_case)
