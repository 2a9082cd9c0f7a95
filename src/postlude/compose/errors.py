"""Errors of a template, or of a contact it is filled in for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from jinja2 import TemplateError as JinjaError

from postlude.model.errors import InputError

_MISTAKES: Final = (
    JinjaError, SyntaxError, NameError, AttributeError, TypeError, ValueError, ArithmeticError, LookupError,
    RuntimeError,
)  # fmt: skip


class TemplateError(InputError):
    """The template cannot be used as written. The message names the place (subject, HTML ...), the line, the remedy."""

    def __init__(self, where: str, line: int, text: str) -> None:
        super().__init__(f"{where}, line {line}: {text}" if line else f"{where}: {text}")
        self.where = where
        self.line = line


@contextmanager
def author_mistakes(where: str) -> Iterator[None]:
    """What reading, compiling or running a template makes of what is written in it, as TemplateError.

    A number of 5,000 digits, a hundred blocks in each other, an endless sum: each is refused by another layer.
    """
    try:
        yield
    except (TemplateError, MissingFieldError):
        raise
    except RecursionError as error:
        raise TemplateError(where, 0, "too much is nested in each other. Write it in fewer steps") from error
    except _MISTAKES as error:
        raise TemplateError(where, 0, f"{type(error).__name__}: {error}") from error


class MissingFieldError(InputError):
    """This contact lacks a field that the template needs. Fill it in, set a default, or leave the contact out."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is empty for this contact: fill it in, write {{{{ {path}|default('...') }}}}, "
            "or let empty fields stay empty"
        )
        self.path = path
