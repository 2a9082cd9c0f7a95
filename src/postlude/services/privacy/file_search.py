"""Finding the files that name some addresses, a little at a time: whoever asks has other work that must not wait."""

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple, Protocol

from postlude.kit.file_trouble import file_trouble
from postlude.model.errors import StorageError
from postlude.model.named_address import names_address
from postlude.services.privacy.file_texts import texts_in_steps, texts_of


class ListFiles(Protocol):
    """The files to look at, as they are now."""

    def __call__(self) -> Iterable[Path]:
        """Each time anew: files come and go."""
        ...


class _Seen(NamedTuple):
    """A file as it was when it was looked at: one that changes is looked at again."""

    path: Path
    changed_ns: int
    size: int


class FileSearch:
    """Looks for any of `addresses` in all of the files."""

    def __init__(self, addresses: Collection[str], files: ListFiles) -> None:
        self.addresses: Final = tuple(addresses)
        self._files: Final = files
        self._known: Final[dict[_Seen, bool]] = {}
        self._waiting: list[_Seen] = []
        self._steps: Iterator[bool] | None = None

    def named(self, seconds: float, now: Callable[[], float] = monotonic) -> set[Path] | None:
        """The files that name one of them; None while not all were looked at: call it again. StorageError.

        It works for `seconds`, and for one step whatever they are.
        """
        ends = now() + seconds
        while True:
            if not self._waiting:
                there = self._listed()
                self._waiting = [seen for seen in there if seen not in self._known]
                if not self._waiting:
                    return {seen.path for seen in there if self._known[seen]}
            if not self._step():
                continue
            if now() >= ends:
                return None

    def _listed(self) -> list[_Seen]:
        found = []
        for path in self._files():
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StorageError(file_trouble(error, path)) from error
            found.append(_Seen(path, about.st_mtime_ns, about.st_size))
        return found

    def _step(self) -> bool:
        """One step of the file that is looked at; False when it was the last one."""
        seen = self._waiting[-1]
        if self._steps is None:
            self._steps = _looked_for(seen.path, self.addresses)
        for found in self._steps:
            if not found:
                return True
            self._known[seen] = True
            break
        self._known.setdefault(seen, False)
        self._waiting.pop()
        self._steps = None
        return False


def file_names(path: Path, address: str) -> bool:
    """Whether the file names the address, looked at as a whole; False when it is gone. StorageError."""
    return any(_looked_for(path, (address,)))


def _looked_for(path: Path, addresses: Collection[str]) -> Iterator[bool]:
    """A step each; True, and the end, once one of the addresses was found."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error
    for text in texts_in_steps(data):
        maybe = [address for address in addresses if names_address(text, address)]
        # At a cut the end of a longer address looks like this one.
        if maybe and any(names_address(whole, address) for whole in texts_of(data) for address in maybe):
            yield True
            return
        yield False
