"""Errors of a template, or of a contact it is filled in for."""

from postlude.model.errors import InputError


class TemplateError(InputError):
    """The template cannot be used as written. The message names the place (subject, HTML ...), the line, the remedy."""

    def __init__(self, where: str, line: int, text: str) -> None:
        super().__init__(f"{where}, line {line}: {text}" if line else f"{where}: {text}")
        self.where = where
        self.line = line


class MissingFieldError(InputError):
    """This contact lacks a field that the template needs. Fill it in, set a default, or leave the contact out."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is empty for this contact: fill it in, write {{{{ {path}|default('...') }}}}, "
            "or let empty fields stay empty"
        )
        self.path = path
