"""How a projection's fields add up, written beside each field of its row struct; table and merging derive from it."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, get_args

import msgspec
from sqlalchemy import Column

from postlude.store.columns import count, moment, words

_SUM: Final = "sum"
_EARLIEST: Final = "earliest"
_LATEST: Final = "latest"
_OWN: Final = "own"

Sum = Annotated[int, _SUM]
"""A number that grows."""
Earliest = Annotated[int | None, _EARLIEST]
"""When something happened first, in microseconds since the epoch; None for never."""
Latest = Annotated[int | None, _LATEST]
"""When something happened last."""
OwnTime = Annotated[int | None, _OWN]
"""A time with its own rule in the projection."""
OwnText = Annotated[str, _OWN]
"""A text with its own rule in the projection; empty when there is none."""


class Folded:
    """The folded fields of one row struct, in its order; fields without a fold are its key."""

    def __init__(self, row: type[msgspec.Struct]) -> None:
        found = {field.name: (field.type, fold) for field, fold in _folds(row)}
        self._types: Final = {name: kind for name, (kind, _) in found.items()}
        self.sums: Final = tuple(name for name, (_, fold) in found.items() if fold == _SUM)
        self.earliest: Final = tuple(name for name, (_, fold) in found.items() if fold == _EARLIEST)
        self.latest: Final = tuple(name for name, (_, fold) in found.items() if fold == _LATEST)
        self.empty: Final[dict[str, Any]] = {name: _nothing(kind) for name, kind in self._types.items()}
        """The neutral values."""

    def columns(self) -> Iterator[Column[Any]]:
        """One column per field."""
        for name, kind in self._types.items():
            if name in self.sums:
                yield count(name)
            else:
                yield words(name) if _nothing(kind) == "" else moment(name)


def _folds(row: type[msgspec.Struct]) -> Iterator[tuple[msgspec.structs.FieldInfo, str]]:
    for field in msgspec.structs.fields(row):
        _, *folds = get_args(field.type) or (None,)
        if folds and folds[0] in {_SUM, _EARLIEST, _LATEST, _OWN}:
            yield field, folds[0]


def _nothing(kind: Any) -> int | str | None:  # noqa: ANN401 - an annotation
    plain = get_args(kind)[0]
    return 0 if plain is int else "" if plain is str else None
