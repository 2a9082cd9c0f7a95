"""Common to repeatable tables of postlude.toml: typed keys, help, secrets from files."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, NamedTuple

from postlude.config.kinds import integer
from postlude.model.errors import SettingError


class ReferenceRow(NamedTuple):
    """Description of one key for the reference page."""

    parse: Callable[[object], object]
    help: str
    secret: bool = False


def row(parse: Callable[[object], object], help_text: str, default: Any, *, secret: bool = False) -> Any:  # noqa: ANN401 - like dataclasses.field
    """Declare one key of a table."""
    return field(default=default, metadata={"row": ReferenceRow(parse, help_text, secret)})


def checked_text(value: object) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


def of_text(parse: Callable[[str], object]) -> Callable[[object], object]:
    """A text of one of `config.kinds`."""
    return lambda value: parse(checked_text(value))


def whole(low: int, high: int) -> Callable[[object], int]:
    """Accept a whole number in a range."""
    parse = integer(low, high)

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return parse(str(value))

    return check


def reference_rows(kind: type) -> dict[str, tuple[ReferenceRow, object]]:
    """Every key with its meaning and default, in the order of the reference page."""
    return {each.name: (each.metadata["row"], each.default) for each in fields(kind)}


def values_of(
    given: Mapping[str, object], known: Mapping[str, tuple[ReferenceRow, object]], where: str
) -> dict[str, Any]:
    """The parsed values of one table; SettingError names the key and what it accepts."""
    values: dict[str, Any] = {}
    for key, value in _with_files(given, known, where).items():
        try:
            values[key] = known[key][0].parse(value)
        except ValueError as error:
            shown = "" if known[key][0].secret else f" = {value!r}"
            raise SettingError(f"{where}: {key}{shown} {error}") from None
    return values


def _with_files(
    given: Mapping[str, object], known: Mapping[str, tuple[ReferenceRow, object]], where: str
) -> dict[str, object]:
    """`password_file` and similar keys replaced by the file's content."""
    values: dict[str, object] = {}
    for key, value in given.items():
        plain = key.removesuffix("_file")
        if key in known:
            values[key] = value
        elif plain in known and known[plain][0].secret:
            if plain in given:
                raise SettingError(f"{where}: both {plain} and {key} are set: remove one of them")
            try:
                values[plain] = Path(str(value)).expanduser().read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingError(f"{where}: {key}: cannot read {value}: {error}") from None
        else:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f": did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"
            raise SettingError(f"{where}: unknown key {key}{hint}")
    return values
