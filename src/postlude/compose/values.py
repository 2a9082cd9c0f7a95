"""One recipient's fields as a template sees them; an empty field is a missing one."""

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from jinja2 import Undefined

from postlude.compose.errors import MissingFieldError
from postlude.compose.template import Missing

_ODD: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NEWLINE: Final = re.compile(r"\r\n?")


class MissingField(Undefined):
    """An empty field: false in `{% if %}`, replaced by `|default(...)`, else handled by the policy."""

    __slots__ = ("path", "shown")

    def __init__(self, path: str, shown: str | None) -> None:
        super().__init__(name=path)
        self.path: Final = path
        self.shown: Final = shown

    def __str__(self) -> str:
        if self.shown is None:
            raise MissingFieldError(self.path)
        return self.shown

    def _fail_with_undefined_error(self, *_args: object, **_named: object) -> NoReturn:
        raise MissingFieldError(self.path)


class MissingPolicy:
    """Creates the values of one campaign."""

    def __init__(self, missing: Missing, defaults: Mapping[str, str]) -> None:
        self._shown: Final = "" if missing is Missing.EMPTY else None
        self._defaults: Final = dict(defaults) if missing is Missing.DEFAULT else {}

    def stand_in(self, path: str) -> MissingField:
        """For the field `contact.company`."""
        return MissingField(path, self._defaults.get(path, self._shown))


class FieldsView:
    """The object `contact` in a template. It has no attributes of its own, so a field can have any name."""

    __slots__ = ("__name", "__policy", "__values")

    def __init__(self, name: str, values: Mapping[str, object], policy: MissingPolicy) -> None:
        self.__name = name
        self.__values = values
        self.__policy = policy

    def __getitem__(self, key: str) -> object:
        value = self.__values.get(key)
        if isinstance(value, str):
            if _ODD.search(value):
                value = _ODD.sub("", _NEWLINE.sub("\n", value))
            if value and not value.isspace():
                return value
        elif value is not None:
            return value
        return self.__policy.stand_in(f"{self.__name}.{key}")
